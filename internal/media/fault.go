package media

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"

	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
)

// The rules that a media address or its content can break. They are part of the API.
const (
	RuleBadURL         = "media.bad_url"         // not an http or https address
	RuleUnreachable    = "media.unreachable"     // no answer, or one that says no
	RuleNotFound       = "media.not_found"       // 404, 410
	RulePrivateAddress = "media.private_address" // not on the public internet
	RuleTLS            = "media.tls"             // no connection that can be trusted
	RuleNotMedia       = "media.not_media"       // a web page instead: often a login
	RuleUnsupported    = "media.unsupported"     // bytes of no format we know, or damaged ones
	RuleTooLarge       = "media.too_large"       // more bytes than we take, or than the platform does after all compressing
	RuleTooManyPixels  = "media.too_many_pixels" // would need too much memory to convert
	RuleAnimated       = "media.animated"        // converting would lose the movement
)

// Fault says why media could not be used, in words for the user.
type Fault struct {
	Rule        string
	Message     string
	Remediation string
	Temporary   bool  // trying again later may help
	Err         error // the cause, for the log
}

// Error is the text for logs.
func (f *Fault) Error() string {
	if f.Err != nil {
		return f.Rule + ": " + f.Message + ": " + f.Err.Error()
	}
	return f.Rule + ": " + f.Message
}

// Unwrap gives the cause to errors.Is and errors.As.
func (f *Fault) Unwrap() error { return f.Err }

// platformError is err as adapters expect it from a MediaSource. What is no Fault is a failure of our own side, the store's for
// instance, and worth another try.
func platformError(err error) error {
	if err == nil {
		return nil
	}
	if said := (*platforms.Error)(nil); errors.As(err, &said) {
		return said
	}
	var f *Fault
	if !errors.As(err, &f) {
		return &platforms.Error{Kind: platforms.Unavailable, Category: platforms.SystemError, Rule: "media.not_prepared", Message: "the media could not be prepared", Err: err}
	}
	kind := platforms.Rejected
	if f.Temporary {
		kind = platforms.Unavailable
	}
	return &platforms.Error{Kind: kind, Category: platforms.UserContent, Rule: f.Rule, Message: f.Message, Remediation: f.Remediation, Err: f.Err}
}

const adviseLink = "Use a direct link to the file that opens without a login."

// transportFault says in the user's words why there was no answer, or why it broke off.
func transportFault(host string, err error) *Fault {
	f := &Fault{Rule: RuleUnreachable, Message: host + " could not be reached", Remediation: "Check that the address opens in a browser.", Temporary: true, Err: err}
	var (
		blocked *outbound.BlockedError
		scheme  *outbound.SchemeError
		dns     *net.DNSError
		timeout net.Error
	)
	switch {
	case errors.As(err, &blocked):
		f.Rule, f.Temporary = RulePrivateAddress, false
		f.Message = blocked.Host + " is not on the public internet" // where inner names lead to is nobody's business
		f.Remediation = "Put the file where it can be read from the public internet."
	case errors.As(err, &scheme):
		f.Rule, f.Temporary = RuleBadURL, false
		f.Message, f.Remediation = "the address redirects to one that is not http or https", adviseLink
	case errors.Is(err, outbound.ErrRedirects):
		f.Temporary = false
		f.Message, f.Remediation = host+" redirects more than 5 times", adviseLink
	case isTLS(err):
		f.Rule, f.Temporary = RuleTLS, false
		f.Message, f.Remediation = "no secure connection to "+host+" can be made", "Check the server's certificate: it must be valid, complete and for this name."
	case errors.As(err, &dns) && dns.IsNotFound:
		f.Temporary = false
		f.Message, f.Remediation = "there is no host named "+dns.Name, "Check the spelling of the address."
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		f.Message, f.Remediation = host+" did not answer in time", "Try again, or put the file on a faster server."
	}
	return f
}

func isTLS(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		record       tls.RecordHeaderError
		alert        tls.AlertError
		authority    x509.UnknownAuthorityError
		name         x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &invalid)
}

// statusFault says what an HTTP status other than 200 and 206 means for the media; nil for those two.
func statusFault(host string, status int) *Fault {
	f := &Fault{Rule: RuleUnreachable, Message: fmt.Sprintf("%s answered %d %s", host, status, http.StatusText(status)), Remediation: adviseLink}
	switch {
	case status == http.StatusOK, status == http.StatusPartialContent:
		return nil
	case status == http.StatusNotFound, status == http.StatusGone:
		f.Rule, f.Remediation = RuleNotFound, "Check the address; the file may have been moved or deleted."
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		f.Remediation = "Use a link that opens without a login and has not expired."
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500:
		f.Temporary, f.Remediation = true, "Try again later, or put the file on another server."
	}
	return f
}
