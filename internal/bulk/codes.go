package bulk

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/postgres"
	"posthorn/internal/posts"
)

// refused notes why a row's post was not taken. What is a fault of this server is returned as well.
func (r *row) refused(err error) (fault error) {
	var e *errs.Error
	switch {
	case postgres.IsUnavailable(err):
		r.fail("unavailable")
		return err
	case !errors.As(err, &e) || e.Code == errs.Internal:
		r.fail("internal_error")
		return err
	case e.Code == errs.Limited:
		r.fail(r.limited(e))
	case e.Code == errs.Conflict && e.Wire == "duplicate_content":
		existing, _ := e.Details["existingPostId"].(string)
		r.fail("duplicate_content:" + existing)
	case e.Code == errs.Conflict:
		r.fail(e.Wire)
	default:
		r.invalid(e)
	}
	return nil
}

// invalid notes each rule that a post breaks, with the column where it does.
func (r *row) invalid(e *errs.Error) {
	problems, _ := e.Details["problems"].([]posts.Problem)
	for _, p := range problems {
		r.fail("invalid:" + p.Rule + ":" + r.column(p.Field))
	}
	if len(problems) > 0 {
		return
	}
	rule := e.Rule
	if rule == "" && e.Wire != errs.NoWire {
		rule = e.Wire
	}
	if rule == "" {
		rule = "invalid_field_value"
	}
	r.fail("invalid:" + rule + ":" + r.column(e.Field))
}

// limited says which account is over a limit, and for how long.
func (r *row) limited(e *errs.Error) string {
	id, _ := e.Details["accountId"].(string)
	platform, username := "", ""
	for _, a := range r.accounts {
		if a.ID == id || id == "" {
			platform, username = a.Platform, a.Username
			break
		}
	}
	return fmt.Sprintf("rate_limited:%s:@%s:%dm", platform, username, int(math.Ceil(e.RetryAfter.Minutes())))
}

var ofTarget = regexp.MustCompile(`^platforms\[(\d+)\]\.?(.*)$`)

// column is where in the file a field of a post comes from.
func (r *row) column(field string) string {
	if m := ofTarget.FindStringSubmatch(field); m != nil {
		i, err := strconv.Atoi(m[1])
		if err != nil || i >= len(r.post.Targets) {
			return colPlatforms
		}
		platform := r.post.Targets[i].Platform
		switch {
		case m[2] == "customContent":
			return colCustomContent + "_" + platform
		case strings.HasPrefix(m[2], "customMedia"):
			return colCustomMedia + "_" + platform
		case m[2] == "scheduledFor":
			return colTime + "_" + platform
		}
		return colPlatforms
	}
	switch {
	case strings.HasPrefix(field, "mediaItems"):
		return colMedia
	case field == "scheduledFor":
		return colTime
	case field == "timezone":
		return colZone
	case field == "queuedFromProfile" || field == "queueId":
		return colQueue
	case field == "content":
		return colContent
	}
	return field
}

// limitedUntil is when the account over a limit may be used again; zero when err is about something else.
func limitedUntil(err error, now time.Time) (accountID string, until time.Time) {
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != errs.Limited {
		return "", time.Time{}
	}
	id, _ := e.Details["accountId"].(string)
	return id, now.Add(e.RetryAfter)
}
