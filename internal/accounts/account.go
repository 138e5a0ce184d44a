// Package accounts keeps profiles and connected accounts, and opens the connection through which an adapter talks for one of them.
// It owns the tables profiles and accounts.
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
	Username          string
	DisplayName       string
	PictureURL        string
	ProfileURL        string
	Active            bool // false once disconnected
	NeedsReconnection bool
	Data              json.RawMessage // the adapter's own
	CreatedAt         time.Time
	UpdatedAt         time.Time
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
	Status    string // "connected", "disconnected" or empty
	Limit     int    // zero: all
	Offset    int
}
