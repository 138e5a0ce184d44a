package platforms

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Content is what one target publishes: the post's parts with the target's overrides merged in.
type Content struct {
	Title   string
	Text    string
	Media   []Media
	Tags    []string
	Options json.RawMessage // what only this platform knows [platformSpecificData]; empty or a JSON object
}

// MediaType is the broad type of a media item, the contract's word.
type MediaType string

// The media types of the contract.
const (
	Image    MediaType = "image"
	Video    MediaType = "video"
	GIF      MediaType = "gif"
	Document MediaType = "document"
)

// Media is one item of a post. What was not measured yet is zero.
type Media struct {
	Type      MediaType     `json:"type"`
	URL       string        `json:"url"`
	Title     string        `json:"title,omitempty"`
	AltText   string        `json:"altText,omitempty"`
	Thumbnail string        `json:"thumbnail,omitempty"` // address of a cover image
	MIME      string        `json:"mimeType,omitempty"`  // sniffed from the bytes, not believed
	Size      int64         `json:"size,omitempty"`      // bytes
	Width     int           `json:"width,omitempty"`     // pixels, after orientation
	Height    int           `json:"height,omitempty"`
	Duration  time.Duration `json:"-"`
	Picture   Picture       `json:"-"` // of an image
	Film      Film          `json:"-"` // of a video
	// Reshape is what the caller allows to be done to an image whose proportions the platform does not take; empty: nothing.
	Reshape Reshape `json:"-"`
}

// Fit says what form of a file a platform takes; MediaSource makes what it is given fit where that does no harm. It also takes away what a
// file tells of where it was made.
type Fit struct {
	Formats  []string // of an image: accepted MIME types; another format is turned into the first of them that can be written
	MaxBytes int64    // of an image; zero: no limit
	MaxWidth int      // of an image: wider ones are scaled down; zero: no limit
	// MinRatio and MaxRatio are what an image is reshaped into, width / height, where its own Reshape asks for it; zero: no limit.
	MinRatio, MaxRatio float64
	// MoovFirst wants a video's description before its pictures, NoEdits no edit list.
	MoovFirst, NoEdits bool
}

// Fit is how an image is made to keep the limits.
func (l ImageLimits) Fit() Fit {
	return Fit{Formats: l.Formats, MaxBytes: l.MaxBytes, MaxWidth: l.MaxWidth, MinRatio: l.MinRatio, MaxRatio: l.MaxRatio}
}

// Fit is how a video is made to keep the limits.
func (l VideoLimits) Fit() Fit {
	return Fit{Formats: l.Formats, MoovFirst: l.MoovFirst, NoEdits: l.NoEdits}
}

// File is opened media. The caller closes Body.
type File struct {
	Body   io.ReadCloser
	MIME   string
	Size   int64 // exact
	Width  int   // pixels as shown; zero where nobody knows
	Height int
}

// Skip passes over the next n bytes: where Body can be sought in without reading them.
func (f *File) Skip(n int64) error {
	var err error
	if s, ok := f.Body.(io.Seeker); ok {
		_, err = s.Seek(n, io.SeekCurrent)
	} else {
		_, err = io.CopyN(io.Discard, f.Body, n)
	}
	if err != nil {
		return &Error{Kind: Unavailable, Message: "the media could not be read", Err: err}
	}
	return nil
}

// MediaSource hands media to an adapter. Its errors are *Error values: Rejected when the media cannot be made to fit or is gone,
// Unavailable when trying again may help.
type MediaSource interface {
	// URL gives a public address from which the platform can read the item, fitted; fresh for this attempt.
	URL(ctx context.Context, m Media, fit Fit) (string, error)
	// Open reads the item itself, fitted.
	Open(ctx context.Context, m Media, fit Fit) (*File, error)
	// Page reads what a web page says of itself, for link cards. Its errors mean only that there is no card to be had.
	Page(ctx context.Context, address string) (Page, error)
}

// Page is what a web page says of itself in its OpenGraph data, or in title and description.
type Page struct {
	URL, Title, Description, ImageURL string
}

// DecodeOptions reads a target's options into the adapter's typed ones. Unknown fields are ignored, as clients send options of later
// versions; a field of the wrong type gives one Problem that names it.
func DecodeOptions[T any](raw json.RawMessage) (T, []Problem) {
	var opts T
	if len(bytes.TrimSpace(raw)) == 0 {
		return opts, nil
	}
	err := json.Unmarshal(raw, &opts)
	if err == nil {
		return opts, nil
	}
	p := Problem{Rule: "options.type", Field: "platformSpecificData", Message: "platformSpecificData cannot be read: " + err.Error(),
		Remediation: "Send the option with the type that GET /v1/platforms shows."}
	if te, ok := err.(*json.UnmarshalTypeError); ok {
		if te.Field != "" {
			p.Field += "." + te.Field
		}
		p.Message = fmt.Sprintf("%s must be %s, not %s", strings.TrimPrefix(p.Field, "platformSpecificData."), jsonName(te.Type.Kind().String()), te.Value)
	}
	return opts, []Problem{p}
}

func jsonName(goKind string) string {
	switch {
	case goKind == "bool":
		return "true or false"
	case goKind == "string":
		return "a string"
	case goKind == "slice":
		return "a list"
	case goKind == "struct" || goKind == "map":
		return "an object"
	default:
		return "a number"
	}
}
