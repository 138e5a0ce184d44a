package auth

import (
	"slices"

	"posthorn/internal/errs"
)

// Principal is who a request acts for, and what it may do. The zero one may do nothing; its OwnerID is empty and owns nothing.
type Principal struct {
	OwnerID  string
	UserID   string // the person whose key it is; that of an owner's root user is the owner's own ID
	KeyID    string
	Role     Role
	ReadOnly bool
	Profiles []string // the only profiles it reaches; nil: all
	Narrowed bool     // the key itself reaches only some of its user's profiles
	Disabled []Group  // of operations that are closed to it
}

// Root is an owner itself, with all that it may do.
func Root(ownerID string) Principal {
	return Principal{OwnerID: ownerID, UserID: ownerID, Role: RoleOwner}
}

// Scoped reports whether the principal reaches only some of the owner's profiles.
func (p Principal) Scoped() bool { return p.Profiles != nil }

// Reaches reports whether the principal may touch what belongs to a profile.
func (p Principal) Reaches(profileID string) bool {
	return p.Profiles == nil || slices.Contains(p.Profiles, profileID)
}

// Role is what a person may do for an owner.
type Role string

// The roles of the contract. A viewer only reads, and so does a billing admin outside of billing; invitations are for owners and admins.
const (
	RoleOwner        Role = "owner"
	RoleAdmin        Role = "admin"
	RoleMember       Role = "member"
	RoleBillingAdmin Role = "billing_admin"
	RoleViewer       Role = "viewer"
)

// Administers reports whether the role may invite people and sees the keys of all.
func (r Role) Administers() bool { return r == RoleOwner || r == RoleAdmin }

// Group is an area of the API that a key can be kept out of. Every operation declares its own.
type Group string

// The groups of the contract that a key can have disabled.
const (
	Publishing Group = "publishing"
	Engagement Group = "engagement"
	Messages   Group = "messages"
	Contacts   Group = "contacts"
	Analytics  Group = "analytics"
	Ads        Group = "ads"
	Telephony  Group = "telephony"
	Accounts   Group = "accounts"
	Billing    Group = "billing"
	Webhooks   Group = "webhooks"
)

// Groups are all that can be disabled.
var Groups = []Group{Publishing, Engagement, Messages, Contacts, Analytics, Ads, Telephony, Accounts, Billing, Webhooks}

// Two further groups are an operation's but can't be disabled.
const (
	Admin Group = "admin" // keys, invitations: closed to every key that is restricted in any way but to reading
	Open  Group = "open"  // for whoever has a key: who am I, which platforms are there
)

// KnownGroup reports whether an operation can declare g.
func KnownGroup(g Group) bool { return g == Admin || g == Open || slices.Contains(Groups, g) }

// May says whether the principal may use an operation of a group; reading says that the operation changes nothing. Its error is Forbidden.
func (p Principal) May(g Group, reading bool) error {
	refuse := func(message string, details map[string]any) error {
		return &errs.Error{Code: errs.Forbidden, Wire: "insufficient_permissions", Message: message, Details: details}
	}
	switch {
	case slices.Contains(p.Disabled, g):
		return refuse("This API key has no access to "+string(g)+" operations", map[string]any{"required_group": string(g)})
	case g == Admin && (len(p.Disabled) > 0 || p.Narrowed):
		return refuse("A restricted API key cannot manage keys or invitations", nil)
	case !reading && g != Open && (p.ReadOnly || p.Role == RoleViewer):
		return refuse("This API key may only read", nil)
	case !reading && p.Role == RoleBillingAdmin && g != Open && g != Admin && g != Billing:
		return refuse("A billing admin changes nothing but billing", nil)
	}
	return nil
}
