// Package posts holds posts and their targets: what may be published, when, and how one target gets from accepted to published
// exactly once. It owns the tables posts, targets, target_steps and requests, and every query filters by owner but those of a claim.
package posts

import (
	"encoding/json"
	"time"

	"posthorn/internal/platforms"
)

// Status is the state of a post or a target, in the contract's words.
type Status string

// The states. A target is never draft, scheduled, publishing or partial; a post is never pending, processing or uploading.
const (
	Draft      Status = "draft"
	Scheduled  Status = "scheduled"
	Publishing Status = "publishing"
	Published  Status = "published"
	Partial    Status = "partial"
	Failed     Status = "failed"
	Cancelled  Status = "cancelled"
	Pending    Status = "pending"
	Processing Status = "processing"
	Uploading  Status = "uploading"
)

// Post is a stored post with its targets.
type Post struct {
	ID           string
	OwnerID      string
	UserID       string // who made it
	Title        string
	Content      string
	Media        []Media
	Tags         []string
	Hashtags     []string
	Mentions     []string
	Visibility   string
	Crossposting bool
	Metadata     json.RawMessage // as sent; nil when none was
	Timezone     string          // as sent; "UTC" by default
	ScheduledFor *time.Time
	PublishedAt  *time.Time // when the last of its targets was published
	Status       Status
	CreatedAt    time.Time
	UpdatedAt    time.Time
	Targets      []Target
	Recycling    *Recycling // nil: it never was to appear again
	RecycledFrom string     // the post that this one is a copy of

	QueuedFromProfile string // the profile whose queue it was put into, or as a draft is to be
	QueueID           string // that queue; empty where none was named and the profile has none

	keyID         string // the API key that made it
	recycleNumber int    // of a copy
}

// Media is a media item as the caller sent it; Raw is the whole item and is echoed.
type Media struct {
	Type      platforms.MediaType
	URL       string
	Title     string
	AltText   string
	Thumbnail string // "instagramThumbnail" or "thumbnail"
	Reshape   platforms.Reshape
	Raw       json.RawMessage
}

// Target is a post at one account.
type Target struct {
	ID            string
	PostID        string
	Platform      string
	Account       Account
	CustomContent *string
	CustomMedia   []Media
	Options       json.RawMessage // platformSpecificData as sent; nil when none was
	ScheduledFor  *time.Time      // its own time, where it has one
	Status        Status
	Step          string // what it is doing: "processing", "publishing"; for people
	Open          bool   // there is more to do: it is not final, or a follow-up is due
	Unconfirmed   bool   // it failed, and the platform gave no way to know whether something was published
	Attempts      int
	NextAt        time.Time // when it is worked on next, while Open
	Failure       *Failure  // the last one; on a published target that of a follow-up
	RemoteID      string
	RemoteURL     string
	PublishedAt   *time.Time
	RemovedAt     *time.Time // when it was taken away at the platform
}

// Account is what a target shows of its account.
type Account struct {
	ID, Platform, ProfileID, Username, DisplayName, PictureURL string
	Active                                                     bool
}

// Failure is why a target failed, or what it last waited for.
type Failure struct {
	Kind        platforms.Kind     `json:"kind"`
	Category    platforms.Category `json:"category"`
	Source      string             `json:"source"` // "user", "platform", "system"
	Message     string             `json:"message"`
	Remediation string             `json:"remediation,omitempty"`
	WillRetry   bool               `json:"willRetry"`
	RetryAt     *time.Time         `json:"retryAt,omitempty"`
	Rule        string             `json:"rule,omitempty"`
	Code        string             `json:"code,omitempty"`     // the platform's own
	Field       string             `json:"field,omitempty"`    // the part of the post to blame
	Endpoint    string             `json:"endpoint,omitempty"` // the platform call that failed
	HTTPStatus  int                `json:"httpStatus,omitempty"`
	Body        string             `json:"body,omitempty"` // the platform's answer verbatim, trimmed, redacted
	APIVersion  string             `json:"apiVersion,omitempty"`
	RequestID   string             `json:"requestId,omitempty"`
	At          time.Time          `json:"at"`
}

// Step is one line of a target's timeline.
type Step struct {
	TargetID string
	At       time.Time
	Step     string        // the step that was taken
	Outcome  string        // "step", "published", "failed", "retry"
	Note     string        // for people
	Wait     time.Duration // until the next step
	Took     time.Duration
}

// Mode says when a new post is published.
type Mode string

// The modes, in the contract's order of precedence. A time in the past counts as Now.
const (
	AsDraft Mode = "draft"
	Now     Mode = "now"
	At      Mode = "at"
	Queued  Mode = "queued"

	asIs Mode = "as is" // of an update: the times stay
)

// NewPost is what a caller asks for.
type NewPost struct {
	Title, Content           string
	Media                    []Media
	Targets                  []NewTarget
	Mode                     Mode
	ScheduledFor             string // as sent; local times are read in Timezone
	Timezone                 string // IANA name; empty is UTC
	Tags, Hashtags, Mentions []string
	Visibility               string
	Crossposting             bool
	Metadata                 json.RawMessage
	Recycling                *RecyclingChange
	QueuedFromProfile        string // the profile whose queue it is put into: in mode Queued at the next free slot, in mode At at its time
	QueueID                  string // a queue of that profile; empty is its default one
	RequestID                string // x-request-id as the caller sent it: the same within five minutes gives the same post; empty: none
	OnceID                   string // of a request that may be cut off and sent again: the same within a day gives the same post; empty: none
}

// NewTarget is one entry of the caller's platforms.
type NewTarget struct {
	Platform      string
	AccountID     string
	CustomContent *string
	CustomMedia   []Media
	ScheduledFor  string
	Options       json.RawMessage

	kept   *Target // in an update: the stored target that this one is to take the place of
	copied bool    // it is that of another post
}

// Created is the outcome of Create.
type Created struct {
	Post     Post
	Replayed bool     // an earlier request with the same RequestID made it; nothing was created now
	Resumed  bool     // an earlier request with the same OnceID made it, and did not live to tell; nothing was created now
	Warnings []string // advice for the caller
	Due      bool     // of Update: some target is to be worked on at once
}

// Filter selects posts of one owner. Zero values select everything.
type Filter struct {
	Status    Status
	Platform  string
	ProfileID string
	AccountID string
	UserID    string    // who made them
	From, To  time.Time // of the scheduled time, or of creation for posts without one; To is exclusive
	Search    string    // within title and content, case-insensitive
	Hidden    bool      // also those whose metadata hide them
	Sort      string    // the contract's values; empty is "scheduled-desc"
	Limit     int
	Offset    int

	accountIDs []string // those of ProfileID
	reach      reach
}
