// Package accounts keeps profiles and connected accounts, and opens the connection through which an adapter talks for one of them.
// It owns the tables profiles, accounts, account_groups, account_group_members and revocations.
package accounts

import (
	"encoding/json"
	"time"
)

// Profile is a customer's brand: the owner of accounts.
type Profile struct {
	ID          string
	OwnerID     string
	Name        string
	Description string
	Color       string
	IsDefault   bool
	CreatedAt   time.Time
}

// Account is one connected identity at a platform. It holds no token.
type Account struct {
	ID                string
	OwnerID           string
	ProfileID         string
	ProfileName       string
	Platform          string
	RemoteID          string // the platform's own ID
	Username          string // as shown: the owner's name for it, else the platform's
	DisplayName       string // likewise
	PictureURL        string
	ProfileURL        string
	Active            bool            // false once disconnected
	NeedsReconnection bool            // the platform has called its token dead
	Data              json.RawMessage // the adapter's own
	CreatedAt         time.Time
	UpdatedAt         time.Time
	RemoteUsername    string // the platform's; the only one that an adapter may go by
	RemoteDisplayName string
	Scopes            []string       // what the platform granted; nil: it did not say
	XCapabilities     *XCapabilities // nil: never set
}

// XCapabilities are what an owner lets this server ask of X in the background, which X charges for. Both are off at first.
type XCapabilities struct {
	Analytics bool `json:"analytics"`
	Inbox     bool `json:"inbox"`
}

// ProfileFilter selects profiles of one owner. Zero values select everything.
type ProfileFilter struct {
	Name  string // exact
	Limit int    // zero: all
	Skip  int
}

// Filter selects accounts of one owner. Zero values select everything.
type Filter struct {
	ProfileID string
	Platform  string
	Status    string // "connected": ready for use; "disconnected": to be connected again; or empty
	Limit     int    // zero: all
	Offset    int
}
