package platforms

// Rules say what a post on a platform may hold. They are data: Check holds posts to them, GET /v1/platforms and the documentation
// show them, and each limit carries the link that states it.
type Rules struct {
	Text     TextLimit  `json:"text"`
	Hashtags int        `json:"maxHashtags,omitempty"` // zero: no limit
	Mentions int        `json:"maxMentions,omitempty"`
	AltText  int        `json:"maxAltText,omitempty"` // characters
	Source   string     `json:"source"`               // link to the page that states what carries no link of its own
	Kinds    []PostKind `json:"kinds"`                // in the order of the documentation
	// KindOf names the kind that a content is meant to be; the names are those of Kinds.
	KindOf func(Content) string `json:"-"`
}

// Kind is the kind of post that c is meant to be; false when the rules know none of that name.
func (r Rules) Kind(c Content) (PostKind, bool) {
	name := r.KindOf(c)
	for _, k := range r.Kinds {
		if k.Name == name {
			return k, true
		}
	}
	return PostKind{}, false
}

// TextLimitOf is the limit of a text in a kind of post.
func (r Rules) TextLimitOf(k PostKind) TextLimit {
	if k.Text != nil {
		return *k.Text
	}
	return r.Text
}

// PostKind is one form a post can take: a photo, a carousel, a reel.
type PostKind struct {
	Name     string      `json:"name"`
	Title    string      `json:"title"`
	NeedText bool        `json:"textRequired,omitempty"`
	MinMedia int         `json:"minMedia"`
	MaxMedia int         `json:"maxMedia"`
	Types    []MediaType `json:"mediaTypes,omitempty"` // what its media may be
	Mixed    bool        `json:"mixed,omitempty"`      // different types in one post are allowed
	// DisplayOnly says that the options bring all that is published (the posts of a thread): the content's own text and media are
	// shown to the user and not checked.
	DisplayOnly bool         `json:"displayOnly,omitempty"`
	Text        *TextLimit   `json:"text,omitempty"` // where it is another than that of the platform's other posts
	Image       *ImageLimits `json:"image,omitempty"`
	Video       *VideoLimits `json:"video,omitempty"`
	Document    int64        `json:"maxDocumentBytes,omitempty"`
	Source      string       `json:"source,omitempty"`
}

// TextLimit says how long a text may be, and how the platform counts.
type TextLimit struct {
	Max      int    `json:"max"`                // in units of Count
	Count    Count  `json:"count"`              // how
	MaxBytes int    `json:"maxBytes,omitempty"` // of UTF-8, beside Max; zero: no limit
	Source   string `json:"source,omitempty"`
}

// ImageLimits are the limits of one image. A zero limit is none.
type ImageLimits struct {
	Formats  []string `json:"formats"`            // MIME types the platform takes
	Converts []string `json:"converts,omitempty"` // MIME types that we turn into the first of Formats; moving images are not
	MaxBytes int64    `json:"maxBytes,omitempty"` // larger ones are compressed, or refused where that is not enough
	MinRatio float64  `json:"minRatio,omitempty"` // width / height
	MaxRatio float64  `json:"maxRatio,omitempty"`
	MaxWidth int      `json:"maxWidth,omitempty"` // wider ones are scaled down
	Source   string   `json:"source,omitempty"`
}

// VideoLimits are the limits of one video. A zero limit is none, and an empty list takes everything.
type VideoLimits struct {
	Formats     []string `json:"formats"` // MIME types of containers
	Codecs      []string `json:"codecs,omitempty"`
	Chromas     []string `json:"chromas,omitempty"` // how densely colours may be sampled: "4:2:0"
	Progressive bool     `json:"progressive,omitempty"`
	MaxBytes    int64    `json:"maxBytes,omitempty"`
	MinSeconds  float64  `json:"minSeconds,omitempty"`
	MaxSeconds  float64  `json:"maxSeconds,omitempty"`
	MaxColumns  int      `json:"maxColumns,omitempty"` // pixels from left to right, as shown
	MinRatio    float64  `json:"minRatio,omitempty"`   // width / height
	MaxRatio    float64  `json:"maxRatio,omitempty"`
	MinRate     float64  `json:"minFrameRate,omitempty"` // frames a second
	MaxRate     float64  `json:"maxFrameRate,omitempty"`
	MaxBitRate  int64    `json:"maxBitRate,omitempty"` // bits a second, of the pictures
	Sound       *Sound   `json:"audio,omitempty"`
	// MoovFirst and NoEdits say what is made so where that changes nothing that is seen or heard; an edit list that does is refused.
	MoovFirst bool   `json:"moovFirst,omitempty"`
	NoEdits   bool   `json:"noEditLists,omitempty"`
	Source    string `json:"source,omitempty"`
}

// Sound are the limits of a video's sound; a video without any keeps them all.
type Sound struct {
	Codecs   []string `json:"codecs,omitempty"`
	Channels int      `json:"maxChannels,omitempty"`
	Rate     int      `json:"maxSampleRate,omitempty"` // samples a second
}

// A Problem is one fault of a post, found before anything is sent.
type Problem struct {
	Rule        string `json:"rule"`                  // stable name: "instagram.carousel.max_items"; Check puts the platform in front
	Field       string `json:"field"`                 // within the target: "content", "mediaItems[2].url", "platformSpecificData.thumbOffset"
	Message     string `json:"message"`               // what is wrong
	Limit       any    `json:"limit,omitempty"`       // what is allowed
	Actual      any    `json:"actual,omitempty"`      // what was found
	Remediation string `json:"remediation,omitempty"` // what to do
	Source      string `json:"source,omitempty"`      // link to the page that states the limit
}
