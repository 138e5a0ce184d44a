package bluesky

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

const (
	plcDirectory = "https://plc.directory"
	publicAPI    = "https://public.api.bsky.app"
	entryway     = "https://bsky.social" // the login front of the accounts that Bluesky itself hosts
)

// accountData is what the adapter keeps with an account.
type accountData struct {
	PDS string `json:"pds"` // as known at login
}

func dataOf(a platforms.Account) accountData {
	var d accountData
	_ = json.Unmarshal(a.Data, &d) // accounts made by hand have none; the DID document then tells
	return d
}

var didForm = regexp.MustCompile(`^did:(?:plc:[a-zA-Z0-9._-]+|web:[a-zA-Z0-9.-]+(?:%3A[0-9]+)?)$`)

// isDID reports whether s is a DID of a method that the network uses, and safe as a part of a path. https://atproto.com/specs/did
func isDID(s string) bool { return len(s) <= 2048 && didForm.MatchString(s) }

// identity is what a DID document says that matters to us.
type identity struct {
	did     string
	pds     string
	handles []string // that the account claims, in lower case
}

// claims reports whether the account claims the handle. A document that names none is not held against it.
func (id identity) claims(handle string) bool {
	return len(id.handles) == 0 || slices.Contains(id.handles, strings.ToLower(handle))
}

// findPDS finds the account's host through its DID document, each time: accounts move. What was known at login serves when the
// document cannot be had.
func findPDS(ctx context.Context, c *platforms.Conn) (string, error) {
	id, err := resolveDID(ctx, c, c.Account.RemoteID)
	if err == nil {
		return id.pds, nil
	}
	e := platforms.AsError(err)
	if ctx.Err() != nil || (e.Kind == platforms.Rejected && e.Status != http.StatusNotFound) {
		return "", err
	}
	if known := dataOf(c.Account).PDS; known != "" {
		return known, nil
	}
	return "", err
}

// unreachable reports whether a read failed in a way that says nothing of what was asked for.
func unreachable(err error) bool { return platforms.AsError(err).Kind != platforms.Rejected }

// resolveDID reads a DID's document. Rejected means that there is none, or one that names no usable host; any other error says nothing
// of the account.
func resolveDID(ctx context.Context, c *platforms.Conn, did string) (identity, error) {
	address, err := documentURL(did)
	if err != nil {
		return identity{}, err
	}
	var doc document
	if _, err := rest.Do(ctx, c, rest.Request{Method: http.MethodGet, URL: address}, &doc, classifyDirectory); err != nil {
		return identity{}, err
	}
	return doc.identity(did)
}

// classifyDirectory words the answers of a directory for people.
func classifyDirectory(r rest.Response) *platforms.Error {
	switch r.Status {
	case http.StatusNotFound:
		return &platforms.Error{Kind: platforms.Rejected, Category: platforms.AccountIssue, Message: "the account's DID is not in the directory"}
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return &platforms.Error{Kind: platforms.Unavailable, Message: "the directory does not give the account's DID document"}
	case http.StatusGone:
		return &platforms.Error{Kind: platforms.Rejected, Category: platforms.AccountIssue, Message: "the account no longer exists: its DID was given up"}
	}
	return nil
}

// documentURL is where a DID's document is. https://atproto.com/specs/did#blessed-did-methods
func documentURL(did string) (string, error) {
	if !isDID(did) {
		return "", &platforms.Error{Kind: platforms.Rejected, Category: platforms.AccountIssue, Message: "the account's DID is not of a form that Bluesky knows"}
	}
	host, web := strings.CutPrefix(did, "did:web:")
	if !web {
		return plcDirectory + "/" + did, nil
	}
	if isHandle(host) {
		return "https://" + host + "/.well-known/did.json", nil
	}
	if name, port, _ := strings.Cut(host, "%3A"); name == "localhost" && port != "" { // for development; no other host may have a port
		return "http://localhost:" + port + "/.well-known/did.json", nil
	}
	return "", &platforms.Error{Kind: platforms.Rejected, Category: platforms.AccountIssue, Message: "the account's did:web names no public domain"}
}

// document is a DID document, written by the account's holder: nothing in it is to be believed unseen.
type document struct {
	ID          string            `json:"id"`
	AlsoKnownAs []string          `json:"alsoKnownAs"`
	Service     []json.RawMessage `json:"service"` // of all kinds and shapes
}

// identity reads the document of did.
func (d document) identity(did string) (identity, error) {
	fault := func(message string) (identity, error) {
		return identity{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.AccountIssue, Message: message}
	}
	if d.ID != did {
		return fault("the account's DID document is that of another DID")
	}
	id := identity{did: did}
	for _, aka := range d.AlsoKnownAs {
		if h, ok := strings.CutPrefix(aka, "at://"); ok && isHandle(h) {
			id.handles = append(id.handles, strings.ToLower(h))
		}
	}
	for _, raw := range d.Service {
		var s struct{ ID, Type, ServiceEndpoint string }
		if json.Unmarshal(raw, &s) != nil || s.Type != "AtprotoPersonalDataServer" || (s.ID != "#atproto_pds" && s.ID != did+"#atproto_pds") {
			continue
		}
		pds, ok := origin(s.ServiceEndpoint)
		if !ok {
			return fault("the account's DID document names a host that cannot be used: it must be an https address")
		}
		id.pds = pds
		return id, nil
	}
	return fault("the account's DID document names no host (PDS)")
}

// origin is the scheme and authority of a service's address. Plain http is for this machine only; whether private addresses may be
// called at all is up to the transport.
func origin(endpoint string) (string, bool) {
	u, err := url.Parse(endpoint)
	if err != nil || u.User != nil || u.Hostname() == "" || u.Opaque != "" {
		return "", false
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// mentioned is the DID of a mentioned handle; empty when nobody has it. The account's own host is asked first, as it knows the accounts
// of its network; an error means that nobody could tell now.
func mentioned(ctx context.Context, c *platforms.Conn, pds, handle string) (string, error) {
	var err error
	for _, host := range []string{pds, publicAPI} {
		var did string
		if did, err = (xrpc{c, host}).resolveHandle(ctx, handle); err == nil {
			return did, nil
		}
		if !unreachable(err) {
			return "", nil
		}
	}
	return "", err
}

// resolveHandle finds the DID of a handle that a user typed. It is Rejected when those who could tell know of none, and Unavailable
// when neither of the public resolvers could be asked.
func resolveHandle(ctx context.Context, c *platforms.Conn, handle string) (string, error) {
	var lost error
	answered := false
	for _, host := range []string{publicAPI, entryway} {
		did, err := xrpc{c, host}.resolveHandle(ctx, handle)
		switch {
		case err == nil:
			return did, nil
		case unreachable(err):
			lost = err
		default:
			answered = true
		}
	}
	resp, err := rest.Do(ctx, c, rest.Request{Method: http.MethodGet, URL: "https://" + handle + "/.well-known/atproto-did"}, nil, nil)
	if did := strings.TrimSpace(string(resp.Body)); err == nil && isDID(did) {
		return did, nil
	}
	switch {
	case ctx.Err() != nil:
		return "", cancelled(ctx)
	case !answered:
		return "", lost
	}
	return "", &platforms.Error{Kind: platforms.Rejected, Category: platforms.AccountIssue, Field: fieldIdentifier, Message: "there is no Bluesky account with the handle " + handle,
		Remediation: "Check the handle: it is a domain name such as alice.bsky.social."}
}
