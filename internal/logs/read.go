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

// maxSearched is how many entries, the newest of those that an index finds, are looked through for what no index knows: a text, an action, a
// status code and the like.
const maxSearched = 250_000

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
	c, err := s.conditions(ctx, by, f)
	if err != nil {
		return Page{}, err
	}
	from, args := c.from(), c.args
	if err := s.Pool.QueryRow(ctx, fmt.Sprintf(`select count(*) from (select 1 %s limit %d) hits`, from, MaxTotal), args...).Scan(&page.Total); err != nil {
		return Page{}, err
	}
	args = append(args, f.Limit+1, f.Offset)
	rows, err := s.Pool.Query(ctx, fmt.Sprintf(`
		select %s from (select at as hit_at, id as hit_id %s order by at desc, id desc limit $%d offset $%d) hits
		join logs on at = hit_at and id = hit_id and owner_id = $1 order by at desc, id desc`, strings.Join(columns, ", "), from, len(args)-1, len(args)), args...)
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

// conditions is a filter in SQL; every value is a parameter. Those of the first kind are found by an index, those of the second by looking.
type conditions struct {
	found, sought []string
	args          []any
}

func (c *conditions) add(to *[]string, cond string, value any) {
	c.args = append(c.args, value)
	*to = append(*to, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(c.args))))
}

// from is the part of a query that names the entries.
func (c *conditions) from() string {
	found := "from logs where " + strings.Join(c.found, " and ")
	if len(c.sought) == 0 {
		return found
	}
	return fmt.Sprintf("from (select * %s order by at desc, id desc limit %d) newest where %s", found, maxSearched, strings.Join(c.sought, " and "))
}

func (s *Service) conditions(ctx context.Context, by auth.Principal, f Filter) (*conditions, error) {
	c := &conditions{}
	c.add(&c.found, "owner_id = ?", by.OwnerID)
	days := f.Days
	if days <= 0 || days > MaxDays {
		days = MaxDays
	}
	from := s.Now().AddDate(0, 0, -days)
	if f.From.After(from) {
		from = f.From
	}
	c.add(&c.found, "at >= ?", from)
	if !f.To.IsZero() {
		c.add(&c.found, "at < ?", f.To)
	}
	c.equal(f)
	if !f.ReadReceipts && (f.Type == "" || f.Type == Messaging) {
		c.found = append(c.found, "(type <> 'messaging' or action not in ('message.read', 'message.delivered'))")
	}
	if f.Search != "" {
		c.add(&c.sought, `concat_ws(' ', action, platform, endpoint, path, error_code, error_message, request_id, request_body, response_body, metadata::text) ilike ?`,
			"%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Search)+"%")
	}
	for kind, group := range groups {
		if slices.Contains(by.Disabled, group) {
			c.add(&c.found, "type <> ?", string(kind))
		}
	}
	if !by.Scoped() {
		return c, nil
	}
	reached, err := s.Accounts.InProfiles(ctx, by.OwnerID, by.Profiles)
	if err != nil {
		return nil, err
	}
	c.args = append(c.args, reached, by.KeyID)
	c.found = append(c.found, fmt.Sprintf("(account_id = any($%d) or (account_id is null and api_key_id = $%d))", len(c.args)-1, len(c.args)))
	return c, nil
}

// equal adds what must be the same. What is rare is said in the words of the index that knows the rare.
func (c *conditions) equal(f Filter) {
	for _, e := range []struct {
		to            *[]string
		column, value string
	}{{&c.found, "type", string(f.Type)}, {&c.found, "status", string(f.Status)}, {&c.found, "account_id", f.AccountID}, {&c.found, "post_id", f.PostID}, {&c.found, "request_id", f.RequestID},
		{&c.sought, "platform", f.Platform}, {&c.sought, "action", f.Action}, {&c.sought, "event", f.Event}, {&c.sought, "api_key_id", f.KeyID}} {
		if e.value != "" {
			c.add(e.to, e.column+" = ?", e.value)
		}
	}
	if f.StatusCode != 0 {
		c.add(&c.sought, "status_code = ?", f.StatusCode)
	}
	if f.Status != "" && f.Status != Success {
		c.found = append(c.found, "status <> 'success'")
	}
	if f.Type != "" && f.Type != Publishing && f.Type != APIRequest {
		c.found = append(c.found, "type <> 'publishing' and type <> 'api_request'")
	}
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
