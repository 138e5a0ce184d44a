package bulk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// platform is one by name alone.
type platform struct{ platforms.Platform }

func (platform) Info() platforms.Info { return platforms.Info{Name: "bluesky"} }

// others stand for the domains that an upload asks; what they do is tried with them, on a database, in test/api.
type others struct {
	create  func(ctx context.Context, p posts.NewPost) (posts.Created, error)
	blocked time.Time
}

func (o others) Create(ctx context.Context, _ auth.Principal, p posts.NewPost) (posts.Created, error) {
	return o.create(ctx, p)
}

func (o others) Try(ctx context.Context, _ auth.Principal, p posts.NewPost) error {
	_, err := o.create(ctx, p)
	return err
}

func (others) Profiles(context.Context, auth.Principal, accounts.ProfileFilter) ([]accounts.Profile, int, error) {
	return []accounts.Profile{{ID: "p", Name: "Acme"}}, 1, nil
}

func (others) List(context.Context, auth.Principal, accounts.Filter) ([]accounts.Account, int, error) {
	return []accounts.Account{{ID: "a", ProfileID: "p", Platform: "bluesky", Username: "me", Active: true}}, 1, nil
}

func (o others) BlockedUntil(context.Context, string) (time.Time, error) { return o.blocked, nil }

var now = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

func service(o others) *Service {
	return &Service{Posts: o, Accounts: o, Budgets: o, Platforms: platforms.NewRegistry(platform{}), Now: func() time.Time { return now }}
}

func file(texts ...string) []byte {
	return []byte("platforms,profiles,post_content,publish_now\n" + strings.Join(texts, ",true\n") + ",true\n")
}

func TestErrorsBecomeCodes(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	said := map[string]error{
		"limited":   &errs.Error{Code: errs.Limited, RetryAfter: 90 * time.Second, Details: map[string]any{"accountId": "a"}},
		"duplicate": &errs.Error{Code: errs.Conflict, Wire: "duplicate_content", Details: map[string]any{"existingPostId": "p9"}},
		"slot":      &errs.Error{Code: errs.Conflict, Wire: "queue_slot_conflict"},
		"foreign":   &errs.Error{Code: errs.Forbidden, Wire: errs.NoWire, Field: "platforms[0].accountId"},
		"rules": &errs.Error{Code: errs.Invalid, Details: map[string]any{"problems": []posts.Problem{
			{Problem: platforms.Problem{Rule: "bluesky.text.max_length", Field: "content"}}, {Problem: platforms.Problem{Rule: "media.not_found", Field: "platforms[0].customMedia[1].url"}}}}},
		"broken": broken,
	}
	want := map[string]string{
		"limited": "rate_limited:bluesky:@me:2m", "duplicate": "duplicate_content:p9", "slot": "queue_slot_conflict", "foreign": "invalid:invalid_field_value:platforms",
		"rules": "invalid:bluesky.text.max_length:post_content invalid:media.not_found:custom_media_bluesky", "broken": "internal_error", "fine": "",
	}
	s := service(others{create: func(_ context.Context, p posts.NewPost) (posts.Created, error) {
		return posts.Created{Post: posts.Post{ID: "made"}}, said[p.Content]
	}})
	var mu sync.Mutex
	var faults []error
	s.OnFault = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		faults = append(faults, err)
	}
	var rows, texts []string
	for text := range want {
		rows, texts = append(rows, "bluesky,Acme,"+text), append(texts, text)
	}
	got, err := s.Upload(t.Context(), auth.Root("o"), file(rows...), false)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got.Rows {
		if codes := strings.Join(r.Errors, " "); codes != want[texts[i]] {
			t.Errorf("%s: %s, want %s", texts[i], codes, want[texts[i]])
		}
	}
	if got.Valid != 1 || len(faults) != 1 || !errors.Is(faults[0], broken) {
		t.Errorf("%d are valid, the faults are %v", got.Valid, faults)
	}
	if len(got.Limited) != 1 || got.Limited[0].Account.ID != "a" || !got.Limited[0].Until.Equal(now.Add(90*time.Second)) {
		t.Errorf("over a limit are %+v", got.Limited)
	}
}

func TestAccountsOfSpentBudgetsAreNamed(t *testing.T) {
	t.Parallel()
	s := service(others{blocked: now.Add(time.Hour), create: func(context.Context, posts.NewPost) (posts.Created, error) { return posts.Created{}, nil }})
	got, err := s.Upload(t.Context(), auth.Root("o"), file("bluesky,Acme,hi"), false)
	if err != nil || got.Valid != 1 || len(got.Limited) != 1 || !got.Limited[0].Until.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v: %v", got, err)
	}
}

// TestUploadEndsWithItsCaller sees that nothing is made for a caller who has gone.
func TestUploadEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	made := 0
	s := service(others{create: func(ctx context.Context, _ posts.NewPost) (posts.Created, error) {
		mu.Lock()
		defer mu.Unlock()
		if made++; made == 50 {
			cancel()
		}
		return posts.Created{}, ctx.Err()
	}})
	var rows []string
	for i := range 1000 {
		rows = append(rows, fmt.Sprintf("bluesky,Acme,%d", i))
	}
	if _, err := s.Upload(ctx, auth.Root("o"), file(rows...), false); !errors.Is(err, context.Canceled) || made > 50+lanes {
		t.Errorf("%d were made: %v", made, err)
	}
}

func TestDryRunSeesRepeatedRows(t *testing.T) {
	t.Parallel()
	s := service(others{create: func(_ context.Context, p posts.NewPost) (posts.Created, error) {
		if p.Title != "" {
			return posts.Created{}, &errs.Error{Code: errs.Conflict, Wire: "conflict"}
		}
		return posts.Created{}, nil
	}})
	got, err := s.Upload(t.Context(), auth.Root("o"), []byte("platforms,profiles,post_content,is_draft,publish_now,title\nbluesky,Acme,hi,,true,refused\nbluesky,Acme,hi,,true,\nbluesky,Acme,hi,,true,\nbluesky,Acme,hi,true,,\nbluesky,Acme,hi,,true,\n"), true)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, r := range got.Rows {
		codes = append(codes, strings.Join(r.Errors, " "))
	}
	if want := []string{"conflict", "", "duplicate_content:row_2", "", "duplicate_content:row_2"}; !slices.Equal(codes, want) {
		t.Errorf("the codes are %q, want %q", codes, want)
	}
}
