// Package auth keeps owners and their API keys, and says who stands behind a credential.
package auth

// Principal is who a request acts for.
type Principal struct {
	OwnerID string
	KeyID   string
}
