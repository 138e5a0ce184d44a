// Package events is the vocabulary of what happens: the names of events and what each of them carries from whoever caused it to whoever
// tells it.
package events

import (
	"slices"
	"time"
)

// Name is an event's name, in the contract's words.
type Name string

// The events that this server emits.
const (
	PostScheduled         Name = "post.scheduled"
	PostPublished         Name = "post.published"
	PostFailed            Name = "post.failed"
	PostPartial           Name = "post.partial"
	PostCancelled         Name = "post.cancelled"
	PostRecycled          Name = "post.recycled"
	PostPlatformPublished Name = "post.platform.published"
	PostPlatformFailed    Name = "post.platform.failed"
	PostTikTokURLResolved Name = "post.tiktok.url_resolved"
	AccountConnected      Name = "account.connected"
	AccountDisconnected   Name = "account.disconnected"
	AccountExpiring       Name = "account.expiring" // ours: its token ends soon and cannot be renewed
	EndpointDisabled      Name = "webhook.disabled" // ours: an endpoint that failed for too long was switched off
	EndpointTest          Name = "webhook.test"
)

// Event is one thing that happened, not yet told.
type Event struct {
	Name       Name
	OwnerID    string
	Subject    string         // what it happened to: a post's or an account's ID; events of one subject are told in order
	ProfileIDs []string       // the profiles it concerns
	AccountIDs []string       // the accounts it concerns
	Body       map[string]any // the payload beside id, event and timestamp
}

// Concern adds a profile and an account to those that the event concerns; empty IDs are left out.
func (e *Event) Concern(profileID, accountID string) {
	if profileID != "" && !slices.Contains(e.ProfileIDs, profileID) {
		e.ProfileIDs = append(e.ProfileIDs, profileID)
	}
	if accountID != "" && !slices.Contains(e.AccountIDs, accountID) {
		e.AccountIDs = append(e.AccountIDs, accountID)
	}
}

// Time renders a time as payloads show it.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
