package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

// MaxTotal is up to where matching entries are counted: counting millions on every page would cost more than the page.
const MaxTotal = 10_000

// Accounts knows which accounts lie in which profiles.
type Accounts interface {
	InProfiles(ctx context.Context, ownerID string, profileIDs []string) ([]string, error)
}

// Filter selects entries. Zero values select everything.
type Filter struct {
	Type          Type
	Status        Status
	Platform      string
	Action        string
	Search        string // a text within an entry
	AccountID     string
	PostID        string
	Event         string
	RequestID     string
	StatusCode    int
	KeyID         string
	Days          int       // to look back; zero: MaxDays
	From, To      time.Time // within that; To is exclusive
	ReadReceipts  bool      // include what tells that a message was delivered or read
	Limit, Offset int
}

// Page is a part of a list.
type Page struct {
	Entries []Entry
	Total   int // at most MaxTotal
	More    bool
}

// groups are the areas of the API whose keys see a type of entries; those of other types are seen by every key that reads the log.
var groups = map[Type]auth.Group{Webhooks: auth.Webhooks, Messaging: auth.Messages, Connections: auth.Accounts}

// List reads the entries of an owner that a filter selects, the newest first. A principal that reaches some profiles only sees what is
// about their accounts, and what its own key asked for.
func (s *Service) List(ctx context.Context, by auth.Principal, f Filter) (page Page, err error) {
	defer errs.Wrap(&err, "logs.List")
	where, args, err := s.where(ctx, by, f)
	if err != nil {
		return Page{}, err
	}
	count := fmt.Sprintf(`select count(*) from (select 1 from logs where %s limit %d) hits`, where, MaxTotal)
	if err := s.Pool.QueryRow(ctx, count, args...).Scan(&page.Total); err != nil {
		return Page{}, err
	}
	args = append(args, f.Limit+1, f.Offset)
	rows, err := s.Pool.Query(ctx, fmt.Sprintf(`
		select %s from (select at as hit_at, id as hit_id from logs where %s order by at desc, id desc limit $%d offset $%d) hits
		join logs on at = hit_at and id = hit_id and owner_id = $1 order by at desc, id desc`, strings.Join(columns, ", "), where, len(args)-1, len(args)), args...)
	if err != nil {
		return Page{}, err
	}
	if page.Entries, err = pgx.CollectRows(rows, scanEntry); err != nil {
		return Page{}, err
	}
	if page.More = len(page.Entries) > f.Limit; page.More {
		page.Entries = page.Entries[:f.Limit]
	}
	return page, nil
}

// where renders the filter; every value is a parameter.
func (s *Service) where(ctx context.Context, by auth.Principal, f Filter) (string, []any, error) {
	conds, args := []string{"owner_id = $1"}, []any{by.OwnerID}
	add := func(cond string, value any) {
		args = append(args, value)
		conds = append(conds, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	days := f.Days
	if days <= 0 || days > MaxDays {
		days = MaxDays
	}
	from := s.Now().AddDate(0, 0, -days)
	if f.From.After(from) {
		from = f.From
	}
	add("at >= ?", from)
	if !f.To.IsZero() {
		add("at < ?", f.To)
	}
	for _, equal := range []struct{ column, value string }{{"type", string(f.Type)}, {"status", string(f.Status)}, {"platform", f.Platform}, {"action", f.Action},
		{"account_id", f.AccountID}, {"post_id", f.PostID}, {"event", f.Event}, {"request_id", f.RequestID}, {"api_key_id", f.KeyID}} {
		if equal.value != "" {
			add(equal.column+" = ?", equal.value)
		}
	}
	if f.StatusCode != 0 {
		add("status_code = ?", f.StatusCode)
	}
	if !f.ReadReceipts {
		conds = append(conds, "(type <> 'messaging' or action not in ('message.read', 'message.delivered'))")
	}
	if f.Search != "" {
		add(`concat_ws(' ', action, platform, endpoint, path, error_code, error_message, request_id, request_body, response_body, metadata::text) ilike ?`,
			"%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Search)+"%")
	}
	for kind, group := range groups {
		if slices.Contains(by.Disabled, group) {
			add("type <> ?", string(kind))
		}
	}
	if by.Scoped() {
		reached, err := s.Accounts.InProfiles(ctx, by.OwnerID, by.Profiles)
		if err != nil {
			return "", nil, err
		}
		args = append(args, reached, by.KeyID)
		conds = append(conds, fmt.Sprintf("(account_id = any($%d) or (account_id is null and api_key_id = $%d))", len(args)-1, len(args)))
	}
	return strings.Join(conds, " and "), args, nil
}

func scanEntry(row pgx.CollectableRow) (Entry, error) {
	var e Entry
	var code *int
	var ms *int64
	var meta []byte
	optional := make([]*string, 18)
	dest := []any{&e.At, &e.ID, &e.OwnerID, &e.Type, &e.Action, &e.Status, &code}
	for i := range 15 { // platform to response_body
		dest = append(dest, &optional[i])
	}
	dest = append(dest, &ms, &optional[15], &optional[16], &meta)
	if err := row.Scan(dest...); err != nil {
		return Entry{}, err
	}
	for i, field := range []*string{&e.Platform, &e.AccountID, &e.PostID, &e.TargetID, &e.UserID, &e.KeyID, &e.RequestID, &e.Event, &e.Method, &e.Path, &e.Endpoint,
		&e.ErrorCode, &e.ErrorMessage, &e.RequestBody, &e.ResponseBody, &e.IPAddress, &e.UserAgent} {
		if optional[i] != nil {
			*field = *optional[i]
		}
	}
	if code != nil {
		e.StatusCode = *code
	}
	if ms != nil {
		e.Duration = time.Duration(*ms) * time.Millisecond
	}
	e.Metadata = json.RawMessage(meta)
	return e, nil
}
