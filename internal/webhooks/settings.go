package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"golang.org/x/net/http/httpguts"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/postgres"
	"posthorn/internal/tokens"
)

// rotation is how long a replaced secret stays valid beside the new one.
const rotation = 24 * time.Hour

// Change is what a caller sets of an endpoint; nil leaves a part as it is.
type Change struct {
	Name           *string
	URL            *string
	Events         *[]string
	Secret         *string // empty: one is made
	Active         *bool
	Headers        *map[string]string
	DisabledGroups *[]string
	ProfileIDs     *[]string // must be the owner's; checked by the caller
	AccountIDs     *[]string
}

// List reads all endpoints of an owner, in the order of their making.
func (s *Service) List(ctx context.Context, by auth.Principal) (list []Endpoint, err error) {
	defer errs.Wrap(&err, "webhooks.List")
	rows, err := s.Pool.Query(ctx, `select `+endpointColumns+` from endpoints where owner_id = $1 order by created_at, id`, by.OwnerID)
	if err != nil {
		return nil, err
	}
	stored, err := pgx.CollectRows(rows, pgx.RowToStructByPos[endpointRow])
	if err != nil {
		return nil, err
	}
	for _, r := range stored {
		if !reaches(by, r.ProfileIDs) {
			continue
		}
		e, err := s.open(r)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// reaches reports whether a principal may see an endpoint: one that is bound to some profiles sees those bound to no others.
func reaches(by auth.Principal, profileIDs []string) bool {
	if !by.Scoped() {
		return true
	}
	return len(profileIDs) > 0 && !slices.ContainsFunc(profileIDs, func(p string) bool { return !by.Reaches(p) })
}

// Create makes an endpoint. Its answer is the only one that shows a secret that was made here.
func (s *Service) Create(ctx context.Context, by auth.Principal, c Change) (e Endpoint, err error) {
	defer errs.Wrap(&err, "webhooks.Create")
	now := s.Now()
	e = Endpoint{ID: id.New(now), OwnerID: by.OwnerID, Active: true, CreatedAt: now, UpdatedAt: now}
	if c.Secret == nil {
		c.Secret = new(string)
	}
	if err := c.apply(&e, by); err != nil {
		return Endpoint{}, err
	}
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('endpoints ' || $1, 0))`, by.OwnerID); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, `select count(*) from endpoints where owner_id = $1`, by.OwnerID).Scan(&n); err != nil {
			return err
		}
		if n >= maxEndpoints {
			return &errs.Error{Code: errs.Invalid, Rule: "webhook.max_endpoints", Message: fmt.Sprintf("there are %d webhooks already, and %d is the most", n, maxEndpoints), Remedy: "Delete one that is not used any more."}
		}
		_, err := tx.Exec(ctx, `
			insert into endpoints (id, owner_id, name, url, events, secret, headers, active, disabled_groups, profile_ids, account_ids, created_at, updated_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)`,
			e.ID, e.OwnerID, e.Name, e.URL, e.Events, s.sealSecret(e), s.sealHeaders(e), e.Active, present(e.DisabledGroups), present(e.ProfileIDs), present(e.AccountIDs), now)
		return err
	})
	return e, err
}

// Update changes an endpoint. A new secret leaves the old one valid for a day; switching an endpoint on clears what was held against it.
func (s *Service) Update(ctx context.Context, by auth.Principal, endpointID string, c Change) (e Endpoint, err error) {
	defer errs.Wrap(&err, "webhooks.Update")
	now := s.Now()
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		row, err := s.endpoint(ctx, tx, by, endpointID, "for update")
		if err != nil {
			return err
		}
		if e, err = s.open(row); err != nil {
			return err
		}
		before := e
		if err := c.apply(&e, by); err != nil {
			return err
		}
		e.UpdatedAt = now
		old, until := row.OldSecret, row.OldSecretUntil
		if c.Secret != nil && before.Secret != "" && e.Secret != before.Secret {
			expires := now.Add(rotation)
			old, until = row.Secret, &expires
			e.OldSecretUntil = until
		}
		if e.Active && !before.Active {
			e.DisabledReason, e.FailureCount = "", 0
		}
		_, err = tx.Exec(ctx, `
			update endpoints set name = $3, url = $4, events = $5, secret = $6, old_secret = $7, old_until = $8, headers = $9, active = $10, disabled_reason = $11,
				disabled_groups = $12, profile_ids = $13, account_ids = $14, failure_count = $15,
				failing_since = case when $16 then null else failing_since end, paused_until = case when $16 then null else paused_until end, updated_at = $17
			where owner_id = $1 and id = $2`,
			by.OwnerID, e.ID, e.Name, e.URL, e.Events, s.sealSecret(e), old, until, s.sealHeaders(e), e.Active, e.DisabledReason,
			present(e.DisabledGroups), present(e.ProfileIDs), present(e.AccountIDs), e.FailureCount, e.Active && !before.Active, now)
		return err
	})
	if err == nil && c.Secret == nil {
		e.Secret = "" // it is shown when it is set
	}
	return e, err
}

// Delete removes an endpoint with its deliveries; the log of its attempts stays.
func (s *Service) Delete(ctx context.Context, by auth.Principal, endpointID string) (err error) {
	defer errs.Wrap(&err, "webhooks.Delete")
	if _, err := s.endpoint(ctx, s.Pool, by, endpointID, ""); err != nil {
		return err
	}
	_, err = s.Pool.Exec(ctx, `delete from endpoints where owner_id = $1 and id = $2`, by.OwnerID, endpointID)
	return err
}

// apply checks and takes over what the caller sets. A caller who is kept out of some groups cannot let an endpoint hear of them.
func (c Change) apply(e *Endpoint, by auth.Principal) error {
	if c.Name != nil {
		if e.Name = strings.TrimSpace(*c.Name); e.Name == "" || utf8.RuneCountInString(e.Name) > maxName {
			return errs.Fieldf("name", "name must have 1 to %d characters", maxName)
		}
	}
	if c.URL != nil {
		e.URL = strings.TrimSpace(*c.URL)
		u, err := url.Parse(e.URL)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil || len(e.URL) > 2048 {
			return errs.Fieldf("url", "url must be an http or https address of at most 2048 characters, without user and password")
		}
	}
	if c.Events != nil {
		e.Events = nil
		for _, name := range *c.Events { // as they were sent, each once
			if !slices.Contains(e.Events, name) {
				e.Events = append(e.Events, name)
			}
		}
		if len(e.Events) == 0 {
			return errs.Fieldf("events", "events must name at least one event")
		}
		for _, name := range e.Events {
			if !Subscribable(name) {
				return errs.Fieldf("events", "%q is not an event that can be subscribed to", clip(name))
			}
		}
	}
	if c.Secret != nil {
		if e.Secret = *c.Secret; e.Secret == "" {
			e.Secret = newSecret()
		}
		if len(e.Secret) > 500 {
			return errs.Fieldf("secret", "secret must have at most 500 bytes")
		}
	}
	if c.Active != nil {
		e.Active = *c.Active
	}
	if c.Headers != nil {
		e.Headers = *c.Headers
		if err := checkHeaders(e.Headers); err != nil {
			return err
		}
	}
	if c.DisabledGroups != nil {
		e.DisabledGroups = *c.DisabledGroups
		for _, g := range e.DisabledGroups {
			if !slices.Contains(auth.Groups, auth.Group(g)) {
				return errs.Fieldf("disabledResourceGroups", "%q is not a resource group", clip(g))
			}
		}
	}
	for _, g := range by.Disabled {
		if !slices.Contains(e.DisabledGroups, string(g)) {
			e.DisabledGroups = append(e.DisabledGroups, string(g))
		}
	}
	for field, ids := range map[string]*[]string{"profileIds": c.ProfileIDs, "accountIds": c.AccountIDs} {
		if ids != nil && len(*ids) > maxFilters {
			return errs.Fieldf(field, "%s takes at most %d entries", field, maxFilters)
		}
	}
	if c.ProfileIDs != nil {
		e.ProfileIDs = *c.ProfileIDs
	}
	if c.AccountIDs != nil {
		e.AccountIDs = *c.AccountIDs
	}
	if by.Scoped() && len(e.ProfileIDs) == 0 {
		e.ProfileIDs = by.Profiles // no wider than who makes it
	}
	return nil
}

// ownHeaders are those that a delivery sets itself, or that would change how the request is read on its way.
var ownHeaders = []string{"host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "proxy-authorization",
	"te", "trailer", "upgrade", "expect", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature"}

func checkHeaders(headers map[string]string) error {
	if len(headers) > 20 {
		return errs.Fieldf("customHeaders", "customHeaders takes at most 20 headers")
	}
	for name, value := range headers {
		lower := strings.ToLower(name)
		switch {
		case !httpguts.ValidHeaderFieldName(name) || len(name) > 100:
			return errs.Fieldf("customHeaders", "%q is not the name of a header", clip(name))
		case !httpguts.ValidHeaderFieldValue(value) || len(value) > 2000:
			return errs.Fieldf("customHeaders", "the value of %s cannot be sent: it is too long, or has characters that a header cannot hold", name)
		case slices.Contains(ownHeaders, lower) || strings.HasPrefix(lower, "x-zernio-") || strings.HasPrefix(lower, "x-late-") || strings.HasPrefix(lower, "x-posthorn-"):
			return errs.Fieldf("customHeaders", "%s is set by the server and cannot be changed", name)
		}
	}
	return nil
}

const endpointColumns = `id, owner_id, name, url, events, secret, old_secret, old_until, headers, active, disabled_reason, disabled_groups, profile_ids, account_ids,
	failure_count, failing_since, last_fired_at, paused_until, created_at, updated_at`

type endpointRow struct {
	ID, OwnerID, Name, URL string
	Events                 []string
	Secret, OldSecret      []byte
	OldSecretUntil         *time.Time
	Headers                []byte
	Active                 bool
	DisabledReason         string
	DisabledGroups         []string
	ProfileIDs, AccountIDs []string
	FailureCount           int
	FailingSince           *time.Time
	LastFiredAt            *time.Time
	PausedUntil            *time.Time
	CreatedAt, UpdatedAt   time.Time
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func (s *Service) endpoint(ctx context.Context, db querier, by auth.Principal, endpointID, lock string) (endpointRow, error) {
	missing := errs.New(errs.NotFound, "Webhook not found")
	if !id.Valid(endpointID) {
		return endpointRow{}, missing
	}
	rows, err := db.Query(ctx, `select `+endpointColumns+` from endpoints where owner_id = $1 and id = $2 `+lock, by.OwnerID, endpointID)
	if err != nil {
		return endpointRow{}, err
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[endpointRow])
	if errors.Is(err, pgx.ErrNoRows) || (err == nil && !reaches(by, row.ProfileIDs)) {
		return endpointRow{}, missing
	}
	return row, err
}

// SealedColumns are where this package keeps sealed values.
func SealedColumns() []tokens.Column {
	var list []tokens.Column
	for _, column := range []string{"secret", "old_secret", "headers"} {
		list = append(list, tokens.Column{Table: "endpoints", Key: "id", Type: "text", Sealed: column, Bound: "id"})
	}
	return list
}

// open reads what is sealed.
func (s *Service) open(r endpointRow) (Endpoint, error) {
	e := Endpoint{ID: r.ID, OwnerID: r.OwnerID, Name: r.Name, URL: r.URL, Events: r.Events, Active: r.Active, DisabledReason: r.DisabledReason,
		DisabledGroups: r.DisabledGroups, ProfileIDs: r.ProfileIDs, AccountIDs: r.AccountIDs, FailureCount: r.FailureCount, LastFiredAt: r.LastFiredAt,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	if r.OldSecretUntil != nil && r.OldSecretUntil.After(s.Now()) {
		e.OldSecretUntil = r.OldSecretUntil
	}
	if r.Secret != nil {
		secret, err := s.Keys.Open(r.Secret, r.ID)
		if err != nil {
			return Endpoint{}, err
		}
		e.Secret = string(secret)
	}
	if r.Headers != nil {
		plain, err := s.Keys.Open(r.Headers, r.ID)
		if err != nil {
			return Endpoint{}, err
		}
		if err := json.Unmarshal(plain, &e.Headers); err != nil {
			return Endpoint{}, err
		}
	}
	return e, nil
}

func (s *Service) sealSecret(e Endpoint) []byte {
	if e.Secret == "" {
		return nil
	}
	return s.Keys.Seal([]byte(e.Secret), e.ID)
}

func (s *Service) sealHeaders(e Endpoint) []byte {
	if len(e.Headers) == 0 {
		return nil
	}
	plain, err := json.Marshal(e.Headers)
	if err != nil {
		panic("webhooks: headers are not JSON: " + err.Error()) // texts always are
	}
	return s.Keys.Seal(plain, e.ID)
}

func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
