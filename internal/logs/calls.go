package logs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
)

// Calls is how often an endpoint of a platform was called.
type Calls struct {
	Endpoint string
	Count    int
}

// maxEndpoints bounds a list of endpoints.
const maxEndpoints = 10

// CallsOf lists the endpoints that were called most for an account since a time.
func (s *Service) CallsOf(ctx context.Context, accountID string, since time.Time) (list []Calls, err error) {
	defer errs.Wrap(&err, "logs.CallsOf(%s)", accountID)
	rows, err := s.Pool.Query(ctx, `
		select endpoint, count(*)::int from logs where account_id = $1 and at >= $2 and endpoint is not null and type <> 'api_request'
		group by endpoint order by count(*) desc, endpoint limit $3`, accountID, since, maxEndpoints)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Calls])
}
