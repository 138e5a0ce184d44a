package api

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/postgres"
	"posthorn/test/requests"
)

// idKinds says what kind of thing a parameter or field names, by its name. Whatever looks like an ID and is neither here nor in notOurs
// fails the test.
var idKinds = map[string]string{
	"postId": "post", "accountId": "account", "accountIds": "account", "account_id": "account", "profileId": "profile", "profileIds": "profile",
	"queuedFromProfile": "profile", "queueId": "queue", "groupId": "group", "keyId": "key", "apiKeyId": "key", "api_key_id": "key", "userId": "user",
	"createdBy": "user", "state": "state", "webhookId": "webhook", "_id": "webhook", "id": "webhook", "eventId": "event",
}

// notOurs are names of what no owner of this server has: a platform's own IDs, and names that callers choose.
var notOurs = map[string]string{
	"x-request-id": "the caller's name of a request", "requestId": "the caller's name of a request", "request_id": "the caller's name of a request",
	"videoId": "YouTube's", "categoryId": "YouTube's", "playlistId": "YouTube's", "boardId": "Pinterest's", "pageId": "Facebook's", "subreddit": "Reddit's", "customerId": "of the billing system",
	"Last-Event-ID": "a place in the log of events", "platform": "a platform's name", "slotId": "accepted and not used",
}

// namesThing reports whether a place names something by its ID.
func namesThing(p requests.Place) bool {
	if _, ok := idKinds[p.Name]; ok || p.In == "path" {
		return true
	}
	for _, end := range []string{"Id", "Ids", "_id", "_ids", "ID"} {
		if strings.HasSuffix(p.Name, end) {
			return true
		}
	}
	return p.Name == "id"
}

// unchecked are places where the contract has another owner's ID do no harm without being refused, with the reason.
var unchecked = map[string]string{
	"validatePost body platforms.0.accountId": "accounts are not checked: the ID says nothing but which of X's limits counts",
	"createAccountGroup body profileId":       "accepted and ignored, as the contract has it",
	"validateSubreddit query accountId":       "accepted and not used: the subreddit is looked up as anybody sees it",
	"redeliverWebhookEvent body eventId":      "the contract answers 422 for an event that was never sent to the webhook, whosever it is",
	"handleOAuthCallback body state":          "another owner's is refused like one that was never made: 400",
	"editPost body accountId":                 cannot,
	"updatePostMetadata body accountId":       cannot,
}

// ownRefused are places where even the caller's own ID is refused, with the reason.
var ownRefused = map[string]string{
	"removeUser path userId":                "nobody removes the user that the owner began with",
	"listFacebookPages query profileId":     noChoice,
	"selectFacebookPage body profileId":     noChoice,
	"listInstagramPages query profileId":    noChoice,
	"selectInstagramAccount body profileId": noChoice,
}

// noChoice is for what takes a login to get to; TestConnectByFacebook and TestFacebook try it with the own token and with another owner's.
const noChoice = "there is a choice only after a login"

// cannot is for what is refused before anybody's account is looked at.
const cannot = "no platform of this server can do it, which is said first"

// bodies are valid bodies of operations where openapi.yaml alone does not make one.
var bodies = map[string]func(w *tenants, own things) map[string]any{
	"createPost": func(_ *tenants, own things) map[string]any {
		return map[string]any{"content": "by the stranger " + own["post"], "platforms": []any{target("bluesky", own["account"])}, "queuedFromProfile": own["profile"], "queueId": own["queue"]}
	},
	"updatePost": func(_ *tenants, own things) map[string]any {
		return map[string]any{"platforms": []any{target("bluesky", own["account"])}, "queuedFromProfile": own["profile"], "queueId": own["queue"]}
	},
	"updatePostMetadata": func(*tenants, things) map[string]any {
		return map[string]any{"platform": "youtube", "title": "another"}
	},
	"connectBlueskyCredentials": func(w *tenants, own things) map[string]any {
		far := w.fakes["bluesky"].Accounts()[0]
		return map[string]any{"identifier": far.Login, "appPassword": far.Password}
	},
	"updateProfile":      func(*tenants, things) map[string]any { return map[string]any{"description": "changed"} },
	"updateAccount":      func(*tenants, things) map[string]any { return map[string]any{"displayName": "changed"} },
	"updateAccountGroup": func(w *tenants, _ things) map[string]any { return map[string]any{"name": w.name()} },
	"createWebhookSettings": func(w *tenants, _ things) map[string]any {
		return map[string]any{"name": "one more", "url": w.hook.URL, "events": []any{"post.published"}}
	},
	"updateWebhookSettings": func(_ *tenants, own things) map[string]any {
		return map[string]any{"_id": own["webhook"], "name": "changed"}
	},
	"createApiKey":      scopedBody,
	"createInviteToken": scopedBody,
}

// scopedBody makes what is restricted to some profiles.
func scopedBody(w *tenants, own things) map[string]any {
	return map[string]any{"name": w.name(), "scope": "profiles", "profileIds": []any{own["profile"]}}
}

// things are one ID of each kind, all of one owner.
type things map[string]string

// tenants is a world in which both owners have things of every kind.
type tenants struct {
	*world
	has     map[string]bool // operations
	hook    *hook
	webhook string // the stranger's last
	made    int    // things so far: names differ by it
}

// name is one that nothing else has.
func (w *tenants) name() string {
	w.made++
	return fmt.Sprintf("thing %d", w.made)
}

// rateWindow is how far the clock is moved when the API has had enough.
const rateWindow = time.Minute

// populate makes a thing of each kind for an owner, through the API where it makes them.
func (w *tenants) populate(key string, by auth.Principal) things {
	w.t.Helper()
	name := w.name()
	own := things{"user": by.UserID, "profile": w.profile}
	if by.OwnerID == w.stranger.OwnerID {
		own["profile"] = w.strangerProfile
	}
	create := func(operation, kind, path string, body map[string]any, at string) {
		if w.has[operation] {
			own[kind] = w.patiently(key, http.MethodPost, path, body).want(http.StatusCreated).text(at)
		}
	}
	create("createProfile", "profile", "/v1/profiles", map[string]any{"name": name}, "profile._id")
	own["account"] = w.connect(by, own["profile"])
	own["state"] = w.stranger.UserID + "-" + own["profile"] // it is always the stranger who asks
	create("createPost", "post", "/v1/posts", map[string]any{"content": name, "platforms": []any{target("bluesky", own["account"])}, "scheduledFor": "2026-02-01T10:00:00Z"}, "post._id")
	create("createAccountGroup", "group", "/v1/account-groups", map[string]any{"name": name, "accountIds": []any{own["account"]}}, "group._id")
	create("createQueueSlot", "queue", "/v1/queue/slots", map[string]any{"profileId": own["profile"], "name": name, "timezone": "UTC",
		"slots": []any{map[string]any{"dayOfWeek": 1, "time": "09:00"}}}, "schedule._id")
	create("createApiKey", "key", "/v1/api-keys", map[string]any{"name": name}, "apiKey.id")
	if w.webhook != "" { // there may be only so many
		w.patiently(w.strangerKey, http.MethodDelete, "/v1/webhooks/settings?webhookId="+w.webhook, nil)
	}
	own["webhook"] = w.patiently(key, http.MethodPost, "/v1/webhooks/settings", map[string]any{"name": name, "url": w.hook.URL, "events": []any{"post.published"}}).want(http.StatusOK).text("webhook._id")
	if key == w.strangerKey {
		w.webhook = own["webhook"]
	}
	for own["event"] == "" { // it may take a moment
		own["event"] = w.patiently(key, http.MethodGet, "/v1/events?limit=1", nil).want(http.StatusOK).text("events.0.id")
	}
	return own
}

// patiently is as, and moves the clock on where the API asks for that.
func (w *tenants) patiently(key, method, path string, body any) answer {
	w.t.Helper()
	got := w.as(key, method, path, body)
	for got.status == http.StatusTooManyRequests {
		w.advance(rateWindow)
		got = w.as(key, method, path, body)
	}
	return got
}

// connect gives an owner an account at Bluesky of its own.
func (w *tenants) connect(by auth.Principal, profileID string) (id string) {
	w.t.Helper()
	far := w.fakes["bluesky"].Accounts()[0]
	err := postgres.InTx(w.t.Context(), w.app.Pool, func(tx pgx.Tx) (err error) {
		id, err = w.app.Accounts.Connect(w.t.Context(), tx, by.OwnerID, profileID, "bluesky", remote(far, w.made), tokenOf(far))
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// TestTenancy tries every operation that takes an ID with one of another owner's: it is refused as if there were no such thing, and
// nothing of that owner's changes.
func TestTenancy(t *testing.T) {
	t.Parallel()
	w := &tenants{world: newWorld(t), has: map[string]bool{}, hook: newHook(t)}
	all := operations(t)
	for _, o := range all {
		w.has[o.ID] = true
	}
	theirs := w.populate(w.key, w.owner)
	rows := w.rowsOf(w.owner.OwnerID)
	tried := 0
	for _, o := range all {
		for _, p := range o.Places() {
			if !namesThing(p) || notOurs[p.Name] != "" {
				continue
			}
			where := o.ID + " " + p.String()
			kind, known := idKinds[p.Name]
			switch {
			case !known:
				t.Errorf("%s: say in idKinds what %q names, so that it is tried with another owner's, or in notOurs why it is nobody's", where, p.Name)
				continue
			case theirs[kind] == "":
				t.Errorf("%s: populate makes no %s", where, kind)
				continue
			}
			tried++
			w.tryForeign(o, p, kind, theirs[kind], w.populate(w.strangerKey, w.stranger))
			if now := w.rowsOf(w.owner.OwnerID); now != rows {
				t.Fatalf("%s changed what belongs to the other owner:\n%s\nbefore:\n%s", where, now, rows)
			}
		}
	}
	t.Logf("%d places of %d operations tried", tried, len(all))
}

// tryForeign sends an otherwise valid request of the stranger's with an ID that is not his, and then with his own.
func (w *tenants) tryForeign(o requests.Operation, p requests.Place, kind, foreign string, own things) {
	w.t.Helper()
	where := o.ID + " " + p.String()
	ask := func(id string) answer {
		m := requests.Maker{Rand: rand.New(rand.NewPCG(1, 2)), Known: func(name string) (any, bool) {
			if name == "platform" && (o.ID == "getConnectUrl" || o.ID == "handleOAuthCallback") {
				return "instagram", true
			}
			return w.known(own, name)
		}}
		r := m.Request(o)
		if body, ok := bodies[o.ID]; ok {
			r.Body = body(w, own)
		}
		var value any = id
		if p.List {
			value = []any{id}
		}
		r.Put(p, value, m)
		for {
			sent, err := r.HTTP()
			if err != nil {
				w.t.Fatal(err)
			}
			got := w.send(w.strangerKey, sent)
			if got.status != http.StatusTooManyRequests {
				return got
			}
			w.advance(rateWindow)
		}
	}
	got := ask(foreign)
	switch {
	case unchecked[where] != "":
	case got.status == http.StatusForbidden || got.status == http.StatusNotFound:
	case got.status == http.StatusOK && o.Reads() && p.In == "query": // a list with nothing in it
	default:
		w.t.Errorf("%s, a %s of another owner's: %d %s", where, kind, got.status, got.body)
	}
	for _, id := range w.idsOf(w.owner.OwnerID) {
		if id != foreign && strings.Contains(string(got.body), id) {
			w.t.Errorf("%s, a %s of another owner's, tells of %s: %s", where, kind, id, got.body)
		}
	}
	if got := ask(own[kind]); ownRefused[where] == "" && (got.status == http.StatusForbidden || got.status == http.StatusNotFound || got.status == http.StatusUnauthorized || got.status >= 500) {
		w.t.Errorf("%s, the caller's own %s, so that the request should be in order: %d %s", where, kind, got.status, got.body)
	}
}

// known has the IDs for the names of parameters and fields, and a few values that no schema gives.
func (w *tenants) known(own things, name string) (any, bool) {
	if id := own[idKinds[name]]; id != "" {
		if strings.HasSuffix(name, "s") {
			return []any{id}, true
		}
		return id, true
	}
	switch name {
	case "platform":
		return "bluesky", true
	case "timezone":
		return "Europe/Berlin", true
	case "time":
		return "09:30", true
	case "name":
		return w.name(), true
	}
	return nil, false
}

// ownedBy are the rows of an owner's in tables that have no owner_id, by a column of theirs.
var ownedBy = []struct{ column, through string }{
	{"owner_id", "select $1::text"},
	{"post_id", "select id from posts where owner_id = $1"},
	{"target_id", "select id from targets where owner_id = $1"},
	{"account_id", "select id from accounts where owner_id = $1"},
	{"holder", "select id from accounts where owner_id = $1"},
	{"profile_id", "select id from profiles where owner_id = $1"},
	{"queue_id", "select id from queues where owner_id = $1"},
	{"group_id", "select id from account_groups where owner_id = $1"},
	{"key_id", "select id from api_keys where owner_id = $1"},
}

// nobodys are tables whose rows are no owner's.
var nobodys = []string{"event_cursor", "owners", "workers", "schema_migrations", "media_probes", "media_made", "connect_deletions"}

// kept are tables that the server writes a moment later, for what an owner asked before: the log and the count of requests.
var kept = regexp.MustCompile(`^(logs(_.*)?|api_windows)$`)

// rowsOf sums up all rows of an owner's, a line for each table.
func (w *world) rowsOf(owner string) string {
	w.t.Helper()
	var lines []string
	for table, columns := range w.tables() {
		if kept.MatchString(table) {
			continue
		}
		i := slices.IndexFunc(ownedBy, func(o struct{ column, through string }) bool { return slices.Contains(columns, o.column) })
		if i < 0 {
			if !slices.Contains(nobodys, table) && !strings.HasPrefix(table, "river_") {
				w.t.Errorf("whose are the rows of table %s? Say so in ownedBy or nobodys", table)
			}
			continue
		}
		var n int
		var sum string
		query := fmt.Sprintf(`select count(*), coalesce(md5(string_agg(r::text, '|' order by r::text)), '') from %s r where %s in (%s)`, table, ownedBy[i].column, ownedBy[i].through)
		if err := w.app.Pool.QueryRow(w.t.Context(), query, owner).Scan(&n, &sum); err != nil {
			w.t.Fatalf("%s: %v", table, err)
		}
		lines = append(lines, fmt.Sprintf("%s: %d rows, %s", table, n, sum))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// idsOf are the IDs of all rows of an owner's.
func (w *world) idsOf(owner string) []string {
	w.t.Helper()
	var ids []string
	for table, columns := range w.tables() {
		if !slices.Contains(columns, "owner_id") || !slices.Contains(columns, "id") {
			continue
		}
		rows, err := w.app.Pool.Query(w.t.Context(), `select id::text from `+table+` where owner_id = $1`, owner)
		if err != nil {
			w.t.Fatal(err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, found...)
	}
	return ids
}

// tables are the columns of each table.
func (w *world) tables() map[string][]string {
	w.t.Helper()
	rows, err := w.app.Pool.Query(w.t.Context(), `select c.table_name::text, c.column_name::text from information_schema.columns c
		join information_schema.tables t using (table_schema, table_name) where c.table_schema = 'public' and t.table_type = 'BASE TABLE'`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	tables := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			w.t.Fatal(err)
		}
		tables[table] = append(tables[table], column)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return tables
}

// remote is a far account as a connection finds it; each n is another one.
func remote(far farside.Account, n int) platforms.Account {
	data, _ := json.Marshal(far.Data)
	return platforms.Account{RemoteID: fmt.Sprintf("%s-%d", far.RemoteID, n), Username: fmt.Sprintf("%s%d", far.Username, n), Data: data}
}

func tokenOf(far farside.Account) platforms.Token {
	return platforms.Token{Access: platforms.NewSecret(far.Access), Refresh: platforms.NewSecret(far.Refresh)}
}
