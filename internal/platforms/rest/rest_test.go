package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func conn() *platforms.Conn {
	return &platforms.Conn{HTTP: &http.Client{Transport: &http.Transport{}}, Now: func() time.Time { return now },
		Token: platforms.Token{Access: platforms.NewSecret("secret-access-token")}}
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		c.Close()
	}
}

func TestClassification(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		answer      func(http.ResponseWriter, *http.Request)
		read, write platforms.Kind // empty: no error
	}{
		{"fine", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{}`) }, "", ""},
		{"hung up", func(w http.ResponseWriter, _ *http.Request) { hangUp(w) }, platforms.Unavailable, platforms.Ambiguous},
		{"cut body", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"id":`)
		}, platforms.Unavailable, platforms.Ambiguous},
		{"HTML for JSON", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `<html>`) }, platforms.Unavailable, platforms.Ambiguous},
		{"503", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, platforms.Unavailable, platforms.Ambiguous},
		{"429", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, platforms.RateLimited, platforms.RateLimited},
		{"401", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, platforms.Unauthorized, platforms.Unauthorized},
		{"404", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, platforms.Rejected, platforms.Rejected},
		{"a redirect", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) }, platforms.Unknown, platforms.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(tt.answer))
			defer srv.Close()
			for write, want := range map[bool]platforms.Kind{false: tt.read, true: tt.write} {
				var out map[string]any
				_, err := Do(context.Background(), conn(), Request{Method: "POST", URL: srv.URL, JSON: map[string]any{}, Write: write}, &out, nil)
				if want == "" {
					if err != nil {
						t.Errorf("write %t: %v", write, err)
					}
					continue
				}
				var e *platforms.Error
				if !errors.As(err, &e) || e.Kind != want {
					t.Errorf("write %t: %v, want kind %s", write, err, want)
				}
			}
		})
	}
}

func TestRefusedConnectionNeverHappened(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, err = Do(context.Background(), conn(), Request{Method: "POST", URL: "http://" + addr, Write: true}, nil, nil)
	if e := platforms.AsError(err); e.Kind != platforms.Unavailable {
		t.Errorf("kind %s, want unavailable: %v", e.Kind, err)
	}
}

func TestCancelledBeforeSending(t *testing.T) {
	t.Parallel()
	called := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer srv.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Do(ctx, conn(), Request{Method: "POST", URL: srv.URL, Write: true}, nil, nil)
	if e := platforms.AsError(err); e.Kind != platforms.Unavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want unavailable because of the cancelled context", err)
	}
	if called {
		t.Error("the call was made")
	}
}

func TestClassifierAndSecrets(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.Header().Set("X-Request-Id", "r-1")
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"code":17,"token":%q}`, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	}))
	defer srv.Close()
	c := conn()
	_, err := Do(context.Background(), c, Request{Method: "POST", URL: srv.URL + "/x/secret-access-token", Bearer: c.Token.Access, Form: url.Values{"a": {"b"}}, Write: true}, nil,
		func(r Response) *platforms.Error {
			return &platforms.Error{Kind: platforms.RateLimited, Code: "17", Message: "slow down, " + string(r.Body)}
		})
	e := platforms.AsError(err)
	if e.Kind != platforms.RateLimited || e.Code != "17" || e.Status != 400 || e.RequestID != "r-1" || !e.Reset.Equal(now.Add(7*time.Second)) {
		t.Errorf("got %+v", e)
	}
	if s := fmt.Sprintf("%v %s %s %s", e, e.Body, e.Endpoint, e.Message); strings.Contains(s, "secret-access-token") {
		t.Errorf("the token shows in %s", s)
	}
	if !strings.Contains(string(e.Body), `"code":17`) {
		t.Errorf("the body was not kept: %s", e.Body)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]time.Time{
		"":     {},
		"0":    now,
		"90":   now.Add(90 * time.Second),
		"-1":   {},
		"soon": {},
		now.Add(time.Hour).Format(http.TimeFormat):  now.Add(time.Hour),
		now.Add(-time.Hour).Format(http.TimeFormat): {},
	} {
		if got := RetryAfter(http.Header{"Retry-After": {v}}, now); !got.Equal(want) {
			t.Errorf("%q: %v, want %v", v, got, want)
		}
	}
}
