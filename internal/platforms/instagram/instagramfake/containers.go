package instagramfake

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

// container is a medium, or a carousel, on its way to being published.
type container struct {
	id        string
	acct      *account
	spec      *spec
	created   time.Time
	ready     time.Time    // when processing ends, well or not
	failed    int          // subcode that it ends with; 0: well
	asset     *graph.Asset // nil for a carousel, and until a resumable upload is complete
	children  []*container
	published time.Time // zero: not
	text      string    // the caption that came with it, whether its kind shows one or not
	directive farside.Directive
}

// The values of status_code.
const (
	inProgress = "IN_PROGRESS"
	finished   = "FINISHED"
	failedCode = "ERROR"
	expired    = "EXPIRED"
	published  = "PUBLISHED"
)

// state is the container's status_code at a time.
func (ct *container) state(now time.Time) string {
	switch {
	case !ct.published.IsZero():
		return published
	case now.Sub(ct.created) >= day:
		return expired
	case ct.ready.IsZero() || now.Before(ct.ready): // no time yet: an upload is awaited
		return inProgress
	case ct.failed != 0:
		return failedCode
	}
	return finished
}

// status is the text that explains a status_code.
func (ct *container) status(now time.Time) string {
	switch ct.state(now) {
	case published:
		return "Published: Media has been already published."
	case expired:
		return "Expired: The container was not published within 24 hours and has expired."
	case failedCode:
		return "Error: Media upload has failed with error code " + strconv.Itoa(ct.failed)
	case finished:
		return "Finished: Media has been uploaded and it is ready to be published."
	}
	return "In Progress: Media is still being processed."
}

// createContainer is POST /{ig-user-id}/media. An image is fetched before the answer, so that its faults are errors of the call; a
// video's faults end the container.
func (f *Fake) createContainer(c *call) (any, *graph.Failure) {
	s, fail := specOf(c)
	if fail != nil {
		return nil, fail
	}
	ct := &container{acct: c.acct, spec: s, text: c.Params["caption"]}
	ct.directive = farside.ParseDirective(ct.text)
	if fail := f.steer(ct); fail != nil {
		return nil, fail
	}
	if fail := f.adopt(ct, c.now); fail != nil {
		return nil, fail
	}
	if fail := f.load(c, ct); fail != nil {
		return nil, fail
	}
	return f.add(c, ct)
}

// steer does to a creation what its own text asks for.
func (f *Fake) steer(ct *container) *graph.Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := ct.acct.key(ct.text)
	if f.flaked[key] < ct.directive.Flaky {
		f.flaked[key]++
		return failUnavailable
	}
	if !ct.directive.Fail {
		return nil
	}
	if sub, _ := strconv.Atoi(ct.directive.Code); slices.Contains(statusOnly, sub) {
		ct.failed = sub
		return nil
	}
	return graph.Named(known, ct.directive.Code)
}

// adopt finds the children of a carousel and sees that each is ready.
func (f *Fake) adopt(ct *container, now time.Time) *graph.Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ct.spec.children {
		child := f.containers[id]
		switch {
		case child == nil || child.acct != ct.acct:
			return failNoContainer
		case child.spec.kind != kindChild:
			return graph.BadParam("The container " + id + " was not created with is_carousel_item.")
		case slices.Contains(ct.children, child):
			return graph.BadParam("The container " + id + " is given twice.")
		case child.state(now) == expired:
			return failExpired
		case child.state(now) != finished:
			return failNotReady
		}
		ct.children = append(ct.children, child)
	}
	return nil
}

// load fetches the media of a container.
func (f *Fake) load(c *call, ct *container) (fail *graph.Failure) {
	s := ct.spec
	if s.cover != "" {
		if _, fail := f.fetchImage(c.Context(), s.cover, false); fail != nil {
			return fail
		}
	}
	switch {
	case s.image != "":
		ct.asset, fail = f.fetchImage(c.Context(), s.image, s.kind != kindStory)
		return fail
	case s.video != "":
		asset, sub := f.fetchVideo(c.Context(), s.video, s.kind)
		if ct.asset = asset; sub != 0 {
			ct.failed = sub
		}
		return ct.checkThumb()
	}
	return nil
}

// checkThumb sees that the frame chosen as thumbnail exists, where the file tells its length and no cover wins over it.
func (ct *container) checkThumb() *graph.Failure {
	if ct.asset == nil || ct.spec.cover != "" || ct.asset.Film.Length == 0 {
		return nil
	}
	if time.Duration(ct.spec.thumb)*time.Millisecond >= ct.asset.Film.Length {
		return failThumb
	}
	return nil
}

// add gives a container its ID and begins to process it.
func (f *Fake) add(c *call, ct *container) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.Context().Err() != nil {
		return nil, failFetchTimeout // nobody listens any more
	}
	ct.created = f.now()
	a := ct.acct
	if a.created = graph.WithinDay(a.created, ct.created); len(a.created) >= f.settings.containerLimit {
		return nil, failQuota.Saying("The account has created too many containers in 24 hours.")
	}
	a.created = append(a.created, ct.created)
	ct.id = f.nextID()
	f.containers[ct.id] = ct
	if ct.spec.resumable {
		uri := fmt.Sprintf("https://%s/ig-api-upload/%s/%s", hostUpload, c.version, ct.id)
		return map[string]any{"id": ct.id, "uri": uri}, nil
	}
	ct.ready = ct.created.Add(f.processingTime(ct))
	return map[string]any{"id": ct.id}, nil
}

// processingTime is how long a container takes. The usual times spread over what Meta takes in practice, by ID, so that a run can be
// repeated.
func (f *Fake) processingTime(ct *container) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(ct.id))
	chance := time.Duration(h.Sum32() % 1000)
	video := ct.spec.video != "" || ct.spec.resumable
	switch {
	case ct.directive.Slow > 0:
		return ct.directive.Slow
	case f.processing > 0 && video:
		return 10 * f.processing
	case f.processing > 0:
		return f.processing
	case !video:
		return time.Second + chance*2*time.Second/1000
	case chance < 20:
		return 5 * time.Minute
	}
	return 10*time.Second + chance*80*time.Second/1000
}

// readContainer is GET /{container-id}.
func (f *Fake) readContainer(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ct := c.container
	if c.now.Sub(ct.created) < f.settings.gapCreated ||
		(!ct.published.IsZero() && c.now.Sub(ct.published) < f.settings.gapPublished) {
		return nil, graph.NoObject(c.Method, ct.id)
	}
	fields, fail := c.ParseFields("id")
	if fail != nil {
		return nil, fail
	}
	return graph.Selected(ct.id, containerView{ct, c.now}, fields)
}

// containerView is a container as reads see it at a time.
type containerView struct {
	*container
	now time.Time
}

func (v containerView) NodeType() string { return "IGContainer" }

func (v containerView) Field(name string, _ []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "status_code":
		return v.state(v.now), true, nil
	case "status":
		return v.status(v.now), true, nil
	case "copyright_check_status":
		if v.state(v.now) == inProgress {
			return map[string]any{"status": "in_progress"}, true, nil
		}
		return map[string]any{"status": "completed", "matches_found": false}, true, nil
	}
	return nil, false, nil
}
