package accounts

import (
	"fmt"
	"slices"
	"time"

	"posthorn/internal/platforms"
)

// expirySoon is how long before the end of a token that only its user can renew a warning is given.
const expirySoon = 7 * 24 * time.Hour

// assess tells how an account stands. It is a pure function of what is known.
func assess(a Account, known facts) Health {
	h := Health{Account: a, Status: Healthy, Permissions: permissions(a, known.platform)}
	title := a.Platform
	if known.platform != nil {
		title = known.platform.Info().Title
	}
	h.checkToken(known, title)
	h.checkUse(a, known, title)
	h.CanPost = h.Status != Failing
	return h
}

// checkToken holds the account's connection to what a call to the platform needs.
func (h *Health) checkToken(known facts, title string) {
	again := "Connect the account again."
	_, h.Token.Renewed = known.platform.(platforms.Refresher)
	if t := known.token; t != nil && !t.ExpiresAt.IsZero() {
		h.Token.ExpiresAt, h.Token.Left = t.ExpiresAt, t.ExpiresAt.Sub(known.now)
	}
	_, early := known.platform.(platforms.Renewer) // long before the end, or never
	ends, hope := !h.Token.ExpiresAt.IsZero() && (early || !h.Token.Renewed), "this server cannot renew it"
	if early {
		hope = "it could not be renewed so far"
		h.Token.Renewed = !ends || h.Token.Left > expirySoon
	}
	date := h.Token.ExpiresAt.UTC().Format("2 January 2006 at 15:04 UTC")
	switch {
	case !h.Account.Active:
		h.reconnect("The account is disconnected, and posts that are scheduled for it will fail.", "Connect the account again; what is scheduled later than that is then published.")
	case h.Account.NeedsReconnection:
		h.reconnect(title+" does not accept the account's token any more.", again)
	case known.token == nil:
		h.reconnect("The account has no token.", again)
	case !known.token.Opens:
		h.reconnect("The account's token cannot be opened: it is damaged, or the master key that sealed it is missing.",
			"Ask the operator of this server to put the key back into POSTHORN_MASTER_KEYS, or connect the account again.")
	case ends && h.Token.Left <= 0:
		h.reconnect("The account's token expired on "+date+".", again)
	case ends && h.Token.Left <= expirySoon:
		h.Token.Valid = true
		h.warn("The account's token expires on "+date+", and "+hope+".", "Connect the account again before then.")
	default:
		h.Token.Valid = true
	}
}

// checkUse looks for what keeps an account with a good token from being used.
func (h *Health) checkUse(a Account, known facts, title string) {
	if known.platform == nil {
		h.fail("This server has no adapter for "+title+".", "Ask the operator of this server for a version that has one.")
	}
	for _, scope := range h.Permissions.Missing {
		h.reconnect(fmt.Sprintf("The permission %s, which posting needs, was not granted.", scope), fmt.Sprintf("Connect the account again and grant %s; %s tells what it is for.", scope, h.Permissions.Source))
	}
	if a.Active && !known.blocked.IsZero() {
		h.warn(title+" says that the account's budget of calls is used up until "+known.blocked.UTC().Format("2 January 2006 at 15:04 UTC")+".",
			"Nothing needs to be done: what is due meanwhile is published after that.")
	}
}

// permissions are those that the account's login could be granted.
func permissions(a Account, p platforms.Platform) (out Permissions) {
	lister, ok := p.(platforms.ScopeLister)
	if !ok {
		return out
	}
	of := func(scopes []string, required bool) (list []Permission) {
		for _, scope := range scopes {
			permission := Permission{Scope: scope, Required: required}
			if a.Scopes != nil {
				granted := slices.Contains(a.Scopes, scope)
				permission.Granted = &granted
			}
			list = append(list, permission)
		}
		return list
	}
	scopes := lister.Scopes(a.remote())
	out.Source = scopes.Source
	out.Posting, out.Analytics, out.Optional = of(scopes.Posting, true), of(scopes.Analytics, false), of(scopes.Optional, false)
	for _, permission := range out.Posting {
		if permission.Granted != nil && !*permission.Granted {
			out.Missing = append(out.Missing, permission.Scope)
		}
	}
	return out
}

// reconnect notes a failure that goes away once the account is connected again.
func (h *Health) reconnect(issue, advice string) {
	h.NeedsReconnect = true
	h.fail(issue, advice)
}

func (h *Health) fail(issue, advice string) {
	h.Status = Failing
	h.note(issue, advice)
}

func (h *Health) warn(issue, advice string) {
	if h.Status == Healthy {
		h.Status = Warning
	}
	h.note(issue, advice)
}

func (h *Health) note(issue, advice string) {
	h.Issues = append(h.Issues, issue)
	if !slices.Contains(h.Recommendations, advice) {
		h.Recommendations = append(h.Recommendations, advice)
	}
}
