// Package logs keeps the log that customers read: each call of the API, each exchange with a platform, and what became of posts and
// accounts. It owns the table logs. Writing never holds up the one who writes: see Writer.
package logs

import (
	"context"
	"encoding/json"
	"time"
)

// Type is a kind of entry, in the contract's words.
type Type string

// The types. Nothing writes the last three yet.
const (
	Publishing  Type = "publishing"
	Connections Type = "connections"
	APIRequest  Type = "api_request"
	Webhooks    Type = "webhooks"
	Messaging   Type = "messaging"
	Workflow    Type = "workflow_event"
)

// Status is how something went, in the contract's words.
type Status string

// The statuses. What is pending goes on by itself.
const (
	Success Status = "success"
	Failed  Status = "failed"
	Pending Status = "pending"
	Skipped Status = "skipped"
)

// The actions that are written here and by several others.
const (
	PlatformCall        = "platform.request"
	TokenRefresh        = "token.refresh"
	TokenRevoke         = "token.revoke"
	TokenNotRevoked     = "token.not_revoked"
	AccountLogin        = "account.login"
	AccountConnected    = "account.connected"
	AccountDisconnected = "account.disconnected"
	AccountLost         = "account.needs_reconnection"
	PostPublished       = "post.published"
	PostFailed          = "post.failed"
	PostRetried         = "post.retry"
)

// The longest bodies that are kept, in bytes; the contract names them.
const (
	maxRequestBody  = 5 << 10
	maxResponseBody = 10 << 10
	maxText         = 1 << 10 // any other text
)

// About is whom and what an entry is about. What is empty is not known, or does not apply.
type About struct {
	Type      Type
	Action    string
	OwnerID   string
	UserID    string
	KeyID     string // the API key
	RequestID string // ours
	Platform  string
	AccountID string
	PostID    string
	TargetID  string
	Step      string // the adapter's
}

// Entry is one line of the log.
type Entry struct {
	About
	ID           string
	At           time.Time
	Status       Status
	StatusCode   int // of HTTP; zero: none
	Event        string
	Method       string
	Path         string
	Endpoint     string // "POST graph.instagram.com/v23.0/178/media"
	ErrorCode    string
	ErrorMessage string
	RequestBody  string
	ResponseBody string
	Duration     time.Duration
	IPAddress    string
	UserAgent    string
	Metadata     json.RawMessage
}

type aboutKey struct{}

// With says, in the context of the work, what the entries that the work writes are about. Fields that a is silent on stay as they were.
func With(ctx context.Context, a About) context.Context {
	return context.WithValue(ctx, aboutKey{}, Of(ctx).and(a))
}

// Of is what was said with With.
func Of(ctx context.Context) About {
	a, _ := ctx.Value(aboutKey{}).(About)
	return a
}

// and lays what more says over a.
func (a About) and(more About) About {
	over := func(field *string, value string) {
		if value != "" {
			*field = value
		}
	}
	over((*string)(&a.Type), string(more.Type))
	over(&a.Action, more.Action)
	over(&a.OwnerID, more.OwnerID)
	over(&a.UserID, more.UserID)
	over(&a.KeyID, more.KeyID)
	over(&a.RequestID, more.RequestID)
	over(&a.Platform, more.Platform)
	over(&a.AccountID, more.AccountID)
	over(&a.PostID, more.PostID)
	over(&a.TargetID, more.TargetID)
	over(&a.Step, more.Step)
	return a
}

// Details are the entry's metadata; empty when there are none.
func (e Entry) Details() map[string]any {
	var m map[string]any
	if len(e.Metadata) == 0 || json.Unmarshal(e.Metadata, &m) != nil {
		return map[string]any{}
	}
	return m
}
