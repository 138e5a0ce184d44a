package linkedin

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

const (
	base = "https://api.linkedin.com/rest/"
	// apiVersion is the version of the API that is spoken. Each is there for twelve months at least, and then gone at once for everybody.
	// https://learn.microsoft.com/en-us/linkedin/marketing/versioning
	apiVersion = "202609"
)

func version(app platforms.App) string {
	if app.Version != "" {
		return app.Version
	}
	return apiVersion
}

const (
	// tokenLife is how long an access token lives. https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens
	tokenLife = 60 * 24 * time.Hour
	// freshFor is how long a new one may be refused as if it had been revoked; some seconds were seen.
	freshFor = time.Minute
)

// encoded is a URN as it stands in a path.
func encoded(urn string) string { return url.QueryEscape(urn) }

// client calls the API for one account.
type client struct {
	c *platforms.Conn
	// page says that what is refused is refused to a page: then the member has lost its role there.
	page bool
}

// do makes a call of the versioned API; method is Rest.li's own where it is not what HTTP says.
func (a client) do(ctx context.Context, r rest.Request, method string, out any) (rest.Response, error) {
	r.URL, r.Bearer = base+r.URL, a.c.Token.Access
	r.Header = http.Header{"LinkedIn-Version": {version(a.c.App)}, "X-Restli-Protocol-Version": {"2.0.0"}}
	if method != "" {
		r.Header.Set("X-RestLi-Method", method)
	}
	return a.call(ctx, r, out)
}

func (a client) call(ctx context.Context, r rest.Request, out any) (rest.Response, error) {
	resp, err := rest.Do(ctx, a.c, r, out, a.classify)
	if e := platforms.AsError(err); e != nil {
		e.APIVersion = version(a.c.App)
		return resp, e
	}
	return resp, nil
}

// classify adds when a limit ends, and tells a member who lost its role at a page from one whose login permits too little.
func (a client) classify(r rest.Response) *platforms.Error {
	e := Classify(r)
	if e == nil {
		return nil
	}
	now := a.c.Now()
	e.Reset = resetOf(e, a.c.Account.RemoteID, now)
	if e.Code == codeRevoked && a.c.Token.ExpiresAt.Sub(now) > tokenLife-freshFor {
		e.Kind, e.Reset, e.Message, e.Remediation = platforms.NotReady, now.Add(5*time.Second), "LinkedIn does not know the new access token everywhere yet", adviceLater
	}
	if e.Code == codeDenied && a.page {
		e.Kind, e.Category, e.Remediation = platforms.Rejected, platforms.AccountIssue, advicePage
	}
	return e
}

// post is a post, as it is sent and as it is read.
type post struct {
	ID           string        `json:"id,omitempty"`
	CreatedAt    int64         `json:"createdAt,omitempty"` // milliseconds
	Author       string        `json:"author"`
	Commentary   string        `json:"commentary"`
	Visibility   string        `json:"visibility"`
	Distribution *distribution `json:"distribution,omitempty"`
	State        string        `json:"lifecycleState"`
	NoReshare    bool          `json:"isReshareDisabledByAuthor"`
	Content      *content      `json:"content,omitempty"`
	Reshare      *reshare      `json:"reshareContext,omitempty"`
}

type distribution struct {
	Feed     string      `json:"feedDistribution"`
	Targets  []targeting `json:"targetEntities"`
	Channels []string    `json:"thirdPartyDistributionChannels"`
}

// content is exactly one of its parts.
type content struct {
	Media   *medium    `json:"media,omitempty"`
	Images  *many      `json:"multiImage,omitempty"`
	Article *article   `json:"article,omitempty"`
	Poll    *pollField `json:"poll,omitempty"`
}

type medium struct {
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
	Alt   string `json:"altText,omitempty"`
}

type many struct {
	Images []medium `json:"images"`
}

type article struct {
	Source      string `json:"source"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Thumbnail   string `json:"thumbnail,omitempty"`
}

type pollField struct {
	Question string       `json:"question"`
	Options  []pollOption `json:"options"`
	Settings struct {
		Duration string `json:"duration"`
	} `json:"settings"`
}

type pollOption struct {
	Text string `json:"text"`
}

type reshare struct {
	Parent string `json:"parent"`
}

// idOf reads the ID of what was made, which only a header tells.
func idOf(r rest.Response) string {
	for _, name := range []string{"X-RestLi-Id", "X-LinkedIn-Id"} {
		if id := r.Header.Get(name); id != "" {
			if plain, err := url.QueryUnescape(id); err == nil {
				return plain
			}
			return id
		}
	}
	return ""
}

// create writes a post. It is Ambiguous whenever the post may be there; known tells that it is, even if not under which ID.
func (a client) create(ctx context.Context, p post) (urn string, known bool, err error) {
	resp, err := a.do(ctx, rest.Request{Method: http.MethodPost, URL: "posts", JSON: p, Write: true}, "", nil)
	known = resp.Status == http.StatusCreated
	if urn = idOf(resp); known && postURN.FindString(urn) == urn && urn != "" {
		return urn, true, nil // whatever became of the rest of the answer
	}
	if err == nil {
		err = platforms.Errorf(platforms.Ambiguous, "LinkedIn's answer does not name the post")
	}
	return "", known, err
}

// recent lists the author's latest posts. Without a permission that few apps have it is refused.
func (a client) recent(ctx context.Context, author string) (list []post, err error) {
	var out struct {
		Elements []post `json:"elements"`
	}
	q := url.Values{"q": {"author"}, "author": {author}, "sortBy": {"CREATED"}, "count": {"20"}}
	_, err = a.do(ctx, rest.Request{Method: http.MethodGet, URL: "posts", Query: q}, "FINDER", &out)
	return out.Elements, err
}

// delete removes a post. One that is gone is a success.
func (a client) delete(ctx context.Context, urn string) error {
	_, err := a.do(ctx, rest.Request{Method: http.MethodDelete, URL: "posts/" + encoded(urn)}, "DELETE", nil)
	if e := platforms.AsError(err); e != nil && e.Code == codeNotFound {
		return nil
	}
	return err
}

// rewrite sets a post's text. It may be repeated.
func (a client) rewrite(ctx context.Context, urn, commentary string) error {
	patch := map[string]any{"patch": map[string]any{"$set": map[string]string{"commentary": commentary}}}
	_, err := a.do(ctx, rest.Request{Method: http.MethodPost, URL: "posts/" + encoded(urn), JSON: patch}, "PARTIAL_UPDATE", nil)
	return err
}

// begun is the answer to the beginning of an upload.
type begun struct {
	Image        string        `json:"image"`
	Document     string        `json:"document"`
	Video        string        `json:"video"`
	UploadURL    string        `json:"uploadUrl"`
	Token        string        `json:"uploadToken"` // may be empty, and is sent back all the same
	Instructions []instruction `json:"uploadInstructions"`
}

type instruction struct {
	URL   string `json:"uploadUrl"`
	First int64  `json:"firstByte"`
	Last  int64  `json:"lastByte"`
}

// initialize begins an upload of a kind: "images", "videos" or "documents". What is begun and not used is never seen.
func (a client) initialize(ctx context.Context, kind, owner string, size int64) (begun, error) {
	in := map[string]any{"owner": owner}
	if kind == filesVideo {
		in["fileSizeBytes"], in["uploadCaptions"], in["uploadThumbnail"] = size, false, false
	}
	var out struct {
		Value begun `json:"value"`
	}
	_, err := a.do(ctx, rest.Request{Method: http.MethodPost, URL: kind + "?action=initializeUpload", JSON: map[string]any{"initializeUploadRequest": in}}, "ACTION", &out)
	return out.Value, err
}

var uploadHost = regexp.MustCompile(`(?:^|\.)(?:linkedin|licdn)\.com$`)

// put sends a file, or a part of a video, to an address that LinkedIn gave. Parts take no token. It may be repeated.
func (a client) put(ctx context.Context, to string, body io.Reader, size int64, bearer platforms.Secret) (etag string, err error) {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "https" || !uploadHost.MatchString(strings.ToLower(u.Hostname())) {
		return "", platforms.Errorf(platforms.Unavailable, "LinkedIn gave no address of its own for the upload")
	}
	resp, err := a.call(ctx, rest.Request{Method: http.MethodPut, URL: to, Body: body, Length: size, Type: "application/octet-stream", Bearer: bearer}, nil)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(resp.Header.Get("ETag")), nil
}

// finalize ends the upload of a video. It may be repeated.
func (a client) finalize(ctx context.Context, urn, token string, tags []string) error {
	in := map[string]any{"finalizeUploadRequest": map[string]any{"video": urn, "uploadToken": token, "uploadedPartIds": tags}}
	_, err := a.do(ctx, rest.Request{Method: http.MethodPost, URL: filesVideo + "?action=finalizeUpload", JSON: in}, "ACTION", nil)
	return err
}

// status asks how far LinkedIn is with a file. A login of a member may not.
func (a client) status(ctx context.Context, kind, urn string) (state, reason string, err error) {
	var out struct {
		Status string `json:"status"`
		Reason string `json:"processingFailureReason"`
	}
	_, err = a.do(ctx, rest.Request{Method: http.MethodGet, URL: kind + "/" + encoded(urn)}, "", &out)
	return out.Status, out.Reason, err
}

// remark is a comment.
type remark struct {
	Actor   string `json:"actor"`
	Message struct {
		Text string `json:"text"`
	} `json:"message"`
	Created struct {
		Time int64 `json:"time"`
	} `json:"created"`
}

// comment adds a comment to a post. Its text is plain. It is Ambiguous whenever the comment may be there.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
func (a client) comment(ctx context.Context, urn, actor, text string) error {
	in := map[string]any{"actor": actor, "object": urn, "message": map[string]string{"text": text}}
	resp, err := a.do(ctx, rest.Request{Method: http.MethodPost, URL: "socialActions/" + encoded(urn) + "/comments", JSON: in, Write: true}, "", nil)
	if resp.Status == http.StatusCreated {
		return nil
	}
	if err == nil {
		err = platforms.Errorf(platforms.Ambiguous, "LinkedIn's answer does not say that it took the comment")
	}
	return err
}

// maxComments bounds the search for our own comment under a busy post.
const maxComments = 400

// comments lists those of a post.
func (a client) comments(ctx context.Context, urn string) (list []remark, err error) {
	const page = 100
	for start := 0; start < maxComments; start += page {
		var out struct {
			Elements []remark `json:"elements"`
		}
		q := url.Values{"start": {strconv.Itoa(start)}, "count": {strconv.Itoa(page)}}
		if _, err := a.do(ctx, rest.Request{Method: http.MethodGet, URL: "socialActions/" + encoded(urn) + "/comments", Query: q}, "", &out); err != nil {
			return nil, err
		}
		list = append(list, out.Elements...)
		if len(out.Elements) < page {
			break
		}
	}
	return list, nil
}
