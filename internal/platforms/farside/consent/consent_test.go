package consent

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestAsk(t *testing.T) {
	t.Parallel()
	p := Page{Platform: "Instagram", App: `<b>app`, Users: []User{{"1", "one", ""}, {"2", "two", "a second"}}, Scopes: []string{"read", "write"}}
	ask := func(method string, form url.Values) (Answer, bool, *httptest.ResponseRecorder) {
		r := httptest.NewRequest(method, "/oauth?client_id=1", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		a, given := Ask(rec, r, p)
		return a, given, rec
	}
	_, given, rec := ask(http.MethodGet, nil)
	if body := rec.Body.String(); given || rec.Code != 200 || strings.Contains(body, "<b>app") || !strings.Contains(body, `value="write" checked`) || strings.Count(body, `type="radio"`) != 2 {
		t.Errorf("the page is %d %s", rec.Code, body)
	}
	for name, tt := range map[string]struct {
		form url.Values
		want Answer
		ok   bool
	}{
		"all":            {url.Values{"user": {"1"}, "scope": {"read", "write"}, "decision": {"allow"}}, Answer{User: "1", Scopes: []string{"read", "write"}}, true},
		"some":           {url.Values{"user": {"2"}, "scope": {"read"}, "decision": {"allow"}}, Answer{User: "2", Scopes: []string{"read"}}, true},
		"denied":         {url.Values{"decision": {"deny"}}, Answer{Denied: true}, true},
		"no decision":    {url.Values{"user": {"1"}}, Answer{}, false},
		"nobody":         {url.Values{"decision": {"allow"}}, Answer{}, false},
		"somebody else":  {url.Values{"user": {"3"}, "decision": {"allow"}}, Answer{}, false},
		"more than asks": {url.Values{"user": {"1"}, "scope": {"admin"}, "decision": {"allow"}}, Answer{}, false},
	} {
		a, given, rec := ask(http.MethodPost, tt.form)
		if given != tt.ok || !reflect.DeepEqual(a, tt.want) || !given && rec.Code != http.StatusBadRequest {
			t.Errorf("%s: %+v, given %t, %d", name, a, given, rec.Code)
		}
	}
}
