package instagram

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, business, app string
		want                platforms.Usage // zero: the headers say nothing
	}{
		{name: "no header"},
		{name: "calls lead", business: `{"1784":[{"type":"instagram","call_count":28,"total_cputime":15,"total_time":12,"estimated_time_to_regain_access":0}]}`,
			want: platforms.Usage{Budget: "calls", Percent: 28}},
		{name: "time leads, blocked", business: `{"1784":[{"type":"instagram","call_count":28,"total_cputime":15,"total_time":104,"estimated_time_to_regain_access":30}]}`,
			want: platforms.Usage{Budget: "calls", Percent: 104, Regain: 30 * time.Minute}},
		{name: "several, instagram counts", business: `{"1":[{"type":"pages","call_count":99,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":9}],"2":[{"type":"instagram","call_count":3,"total_cputime":40,"total_time":1},{"type":"instagram","call_count":50,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":2}]}`,
			want: platforms.Usage{Budget: "calls", Percent: 50, Regain: 2 * time.Minute}},
		{name: "no instagram", business: `{"1":[{"type":"pages","call_count":99,"total_cputime":1,"total_time":1}]}`, want: platforms.Usage{Budget: "calls", Percent: 99}},
		{name: "fractions", business: `{"1":[{"type":"instagram","call_count":9.67,"estimated_time_to_regain_access":0.5}]}`,
			want: platforms.Usage{Budget: "calls", Percent: 9.67, Regain: 30 * time.Second}},
		{name: "absurd", business: `{"1":[{"type":"instagram","call_count":1,"estimated_time_to_regain_access":1e300}]}`, want: platforms.Usage{Budget: "calls", Percent: 1, Regain: 24 * time.Hour}},
		{name: "the app's", app: `{"call_count":28,"total_time":25,"total_cputime":75}`, want: platforms.Usage{Budget: "app calls", Percent: 75}},
		{name: "both", business: `{"1":[{"type":"instagram","call_count":1}]}`, app: `{"call_count":28}`, want: platforms.Usage{Budget: "calls", Percent: 1}},
		{name: "empty, and the app's", business: `{}`, app: `{"call_count":28}`, want: platforms.Usage{Budget: "app calls", Percent: 28}},
		{name: "cut", business: `{"1":[{"type":"inst`},
		{name: "a list", business: `[]`, app: `[]`},
		{name: "null", business: `null`, app: `null`},
		{name: "text for numbers", business: `{"1":[{"call_count":"28"}]}`, app: `{"call_count":"28"}`},
		{name: "null for rows", business: `{"1":null,"2":[null]}`, want: platforms.Usage{Budget: "calls"}},
	}
	for _, tt := range tests {
		h := http.Header{}
		if tt.business != "" {
			h.Set("X-Business-Use-Case-Usage", tt.business)
		}
		if tt.app != "" {
			h.Set("X-App-Usage", tt.app)
		}
		got, ok := Platform{}.Usage(h)
		if got != tt.want || ok != (tt.want != platforms.Usage{}) {
			t.Errorf("%s: %+v, %t; want %+v", tt.name, got, ok, tt.want)
		}
	}
}

func TestBudgetsOfTheHeadersAreDeclared(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, b := range (Platform{}).Info().Budgets {
		names[b.Name] = true
		if b.Source == "" || b.Window == 0 || (b.Scope != "account" && b.Scope != "app") {
			t.Errorf("%+v is incomplete", b)
		}
	}
	for _, want := range []string{meta.BudgetCalls, meta.BudgetAppCalls, "posts", "containers"} {
		if !names[want] {
			t.Errorf("%q is not declared", want)
		}
	}
}

func TestCosts(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]int{"POST https://graph.instagram.com/v25.0/1784/media": 1, "POST https://graph.instagram.com/v25.0/1784/media_publish": 0,
		"GET https://graph.instagram.com/v25.0/1784/media?fields=id": 0, "POST https://rupload.facebook.com/ig-api-upload/v25.0/1": 0} {
		method, address, _ := strings.Cut(call, " ")
		req, err := http.NewRequest(method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Platform{}).Costs(req)["containers"]; got != want {
			t.Errorf("%s costs %d containers, want %d", call, got, want)
		}
	}
	for name, cost := range (Platform{}).Costs(&http.Request{Method: "POST", URL: &url.URL{Path: "/1/media"}}) {
		if !slices.ContainsFunc(budgets, func(b platforms.Budget) bool { return b.Name == name }) || cost <= 0 {
			t.Errorf("there is no budget %s", name)
		}
	}
}
