package logs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"posthorn/internal/outbound"
)

// requestIDs are the headers in which platforms name a request, for their support.
var requestIDs = []string{"X-Fb-Trace-Id", "X-Fb-Request-Id", "X-Fb-Rev", "X-Request-Id", "X-Li-Uuid", "X-Tt-Logid", "X-Transaction-Id", "X-Pinterest-Rid", "Atproto-Request-Id", "Cf-Ray"}

// OfExchange is the entry of an exchange with a platform: what its request's context says it is about, and a says beside that. redact
// blanks the secrets that the caller knows by value; what looks like one is blanked here.
func OfExchange(now time.Time, e outbound.Exchange, a About, redact func([]byte) []byte) Entry {
	clear := func(s string) string { return Redact(string(redact([]byte(s)))) }
	about := Of(e.Request.Context()).and(a)
	if about.Type == "" {
		about.Type = Publishing
	}
	if about.Action == "" || about.Type == Publishing {
		about.Action = PlatformCall
	}
	u := e.Request.URL
	entry := Entry{About: about, At: now, Status: Success, Method: e.Request.Method, Path: clear(u.EscapedPath()), Duration: e.Took,
		RequestBody: sent(e.Request, clear)}
	entry.Endpoint = entry.Method + " " + u.Host + entry.Path
	if u.RawQuery != "" {
		entry.Endpoint += "?" + query(u, clear)
	}
	meta := map[string]any{}
	if about.Step != "" {
		meta["step"] = about.Step
	}
	if e.Response != nil {
		entry.StatusCode = e.Response.StatusCode
		entry.ResponseBody = received(e, clear)
		meta["responseBytes"] = e.Size
		if ids := platformRequestIDs(e.Response.Header, clear); len(ids) > 0 {
			meta["platformRequestIds"] = ids
		}
	}
	switch {
	case e.Err != nil:
		entry.Status, entry.ErrorCode, entry.ErrorMessage = Failed, "transport", clear(transportFault(e.Err))
	case !taken(e):
		entry.Status, entry.ErrorCode = Failed, fmt.Sprint(entry.StatusCode)
		entry.ErrorMessage = fmt.Sprintf("the platform answered %d %s", entry.StatusCode, http.StatusText(entry.StatusCode))
	}
	if e.Request.ContentLength > 0 {
		meta["requestBytes"] = e.Request.ContentLength
	}
	entry.Metadata, _ = json.Marshal(meta) // texts and numbers always encode
	return entry
}

// taken reports whether a platform did what it was asked. 308 to a piece of a file says that the next one may come.
func taken(e outbound.Exchange) bool {
	code := e.Response.StatusCode
	return code >= 200 && code <= 299 || code == http.StatusPermanentRedirect && e.Request.Header.Get("Content-Range") != ""
}

// query is the query with the values of secret parameters blanked, in the order of their names.
func query(u *url.URL, clear func(string) string) string {
	values := u.Query()
	for name := range values {
		if isSecretName(name) {
			values[name] = []string{redacted}
		}
	}
	text, err := url.QueryUnescape(values.Encode())
	if err != nil {
		return redacted
	}
	return clear(text)
}

// sent is what is kept of a request's body: texts as they are, of files only their size. A body that streams is never read here: only one
// that can be had again is.
func sent(r *http.Request, clear func(string) string) string {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return ""
	}
	kind, readable := textual(r.Header.Get("Content-Type"))
	if !readable || r.GetBody == nil {
		return describe(r.ContentLength, kind)
	}
	body, err := r.GetBody()
	if err != nil {
		return describe(r.ContentLength, kind)
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, maxRequestBody+4<<10)) // more than is kept, so that no secret is cut before it is recognised
	if err != nil {
		return describe(r.ContentLength, kind)
	}
	text := string(raw)
	if kind == "application/x-www-form-urlencoded" {
		return cut(clearForm(text, clear), maxRequestBody)
	}
	return cut(clear(text), maxRequestBody)
}

// clearForm makes a form readable, with its secrets blanked.
func clearForm(text string, clear func(string) string) string {
	parts := strings.Split(text, "&")
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if isSecretName(plain) {
			parts[i] = name + "=" + redacted
			continue
		}
		if decoded, err := url.QueryUnescape(value); err == nil {
			value = decoded
		}
		parts[i] = plain + "=" + clear(value)
	}
	return strings.Join(parts, "&")
}

func received(e outbound.Exchange, clear func(string) string) string {
	if len(e.Body) == 0 {
		return ""
	}
	kind, readable := textual(e.Response.Header.Get("Content-Type"))
	if !readable {
		return describe(e.Size, kind)
	}
	return cut(clear(string(e.Body)), maxResponseBody)
}

// textual reads a content type. One that is missing counts as text, as some platforms leave it out.
func textual(contentType string) (kind string, readable bool) {
	kind, _, err := mime.ParseMediaType(contentType)
	if contentType == "" {
		return "unknown type", true
	}
	if err != nil {
		return "unknown type", false
	}
	return kind, strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "xml") ||
		kind == "application/x-www-form-urlencoded" || kind == "application/javascript"
}

func describe(size int64, kind string) string {
	if size < 0 {
		return "<" + kind + ">"
	}
	return fmt.Sprintf("<%d bytes of %s>", size, kind)
}

func platformRequestIDs(h http.Header, clear func(string) string) map[string]string {
	ids := map[string]string{}
	for _, name := range requestIDs {
		if v := h.Get(name); v != "" {
			ids[strings.ToLower(name)] = cut(clear(v), 200)
		}
	}
	return ids
}

// transportFault is why there was no answer, without the address, whose query may hold a secret.
func transportFault(err error) string {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	return err.Error()
}
