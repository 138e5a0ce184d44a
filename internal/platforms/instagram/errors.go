package instagram

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// remoteError is the body of a failed Graph API answer. Instagram's is_transient is not read: it says false of faults that pass.
type remoteError struct {
	Error *struct {
		Message string `json:"message"`
		Code    int    `json:"code"`
		Subcode int    `json:"error_subcode"`
		UserMsg string `json:"error_user_msg"`
		Trace   string `json:"fbtrace_id"`
	} `json:"error"`
}

// maxText bounds what is kept of Instagram's own words.
const maxText = 500

// Classify maps a failed answer of the Graph API to an error of ours by the table in codes.go. It is nil for a body that is no Graph
// API error. What only the call tells (a publish that may have happened, when a limit ends) is added by the call.
func Classify(r rest.Response) *platforms.Error {
	var body remoteError
	if err := json.Unmarshal(r.Body, &body); err != nil || body.Error == nil || (body.Error.Code == 0 && body.Error.Message == "") {
		return nil
	}
	code, row := find(body.Error.Code, body.Error.Subcode, r.Status)
	e := row.failure(code, firstOf(body.Error.UserMsg, row.message, body.Error.Message))
	e.RequestID = body.Error.Trace
	return e
}

// find looks a code up, from the most to the least exact: code and subcode, subcode alone, code alone, a range, the HTTP status.
func find(code, subcode, status int) (string, row) {
	name := strconv.Itoa(code)
	if subcode != 0 {
		full := name + "/" + strconv.Itoa(subcode)
		if r, ok := table[full]; ok {
			return full, r
		}
		if r, ok := bySubcode[strconv.Itoa(subcode)]; ok {
			return full, r
		}
		if r, ok := table[name]; ok && !isPublishing(subcode) {
			return full, r
		}
		name = full
	} else if r, ok := table[name]; ok {
		return name, r
	} else if r, ok := byCode[name]; ok {
		return name, r
	}
	switch {
	case isPublishing(subcode):
		return name, rowUnknownSubcode
	case code >= 200 && code <= 299:
		return name, rowPermission
	case code >= 9050 && code <= 9064:
		return name, rowMusic
	case status == 429:
		return name, rowThrottled
	case status >= 500:
		return name, rowServer
	}
	return name, rowUnknown
}

// isPublishing reports whether a subcode is one of the publishing API's own.
func isPublishing(subcode int) bool { return subcode >= 2207000 && subcode <= 2207999 }

// failure is the error of a table row.
func (r row) failure(code, message string) *platforms.Error {
	e := &platforms.Error{Kind: r.kind, Code: code, Message: shorten(message), Remediation: r.remedy, Category: r.category}
	if r.rule != "" {
		e.Rule = platformName + "." + r.rule
	}
	return e
}

// named gives each row its rule, after its code where it has none: error.36003-2207009 for 36003/2207009.
func named(rows map[string]row) map[string]row {
	for code, r := range rows {
		if r.rule == "" {
			r.rule = "error." + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(code, "/"), "/", "-"))
			rows[code] = r
		}
	}
	return rows
}

var inStatus = regexp.MustCompile(`\b2207\d{3}\b`)

// statusCode finds the subcode in the status text of a container: "Error: Media upload has failed with error code 2207082". Empty
// when there is none.
func statusCode(status string) string { return inStatus.FindString(status) }

// rowOf finds the row of a code as an error or a fault names it: "36003/2207009", "190", a subcode alone, or a name of ours.
func rowOf(name string) row {
	if r, ok := table[name]; ok {
		return r
	}
	code, subcode, both := strings.Cut(name, "/")
	if !both && len(code) == 7 {
		code, subcode = "0", code
	}
	c, _ := strconv.Atoi(code)
	s, _ := strconv.Atoi(subcode)
	_, r := find(c, s, 0)
	return r
}

// byCode finds the row of a code that has but one, for an answer that leaves the subcode out.
var byCode = func() map[string]row {
	m := make(map[string]row, len(table))
	n := map[string]int{}
	for name, r := range table {
		code, _, _ := strings.Cut(name, "/")
		m[code] = r
		n[code]++
	}
	for code := range m {
		if n[code] > 1 {
			delete(m, code)
		}
	}
	return m
}()

// bySubcode finds a row of the publishing API by its subcode: the code in front varies, and a container's status has none.
var bySubcode = func() map[string]row {
	m := make(map[string]row, len(table))
	for code, r := range table {
		if _, subcode, ok := strings.Cut(code, "/"); ok && strings.HasPrefix(subcode, "2207") {
			m[subcode] = r
		}
	}
	return m
}()

// limited completes an error with the time to come back, where the row or the usage header knows it.
func limited(e *platforms.Error, r rest.Response, now time.Time) *platforms.Error {
	if e == nil || e.Kind != platforms.RateLimited {
		return e
	}
	if u, ok := (Platform{}).Usage(r.Header); ok && u.Regain > 0 {
		e.Reset = now.Add(u.Regain)
	} else if wait := rowOf(e.Code).wait; wait > 0 {
		e.Reset = now.Add(wait)
	}
	return e
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return "Instagram refused without saying why"
}

func shorten(s string) string {
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText]) + "…"
	}
	return s
}
