package platforms

// Reshape is a way to give an image other proportions.
type Reshape string

// The ways to reshape an image.
const (
	Crop Reshape = "crop" // cut off what is too much, on both sides alike
	Pad  Reshape = "pad"  // put white bars where something is missing
)

// The colours of an image.
const (
	RGB  = "rgb"
	Grey = "grey"
	CMYK = "cmyk" // for printing; browsers and platforms show them wrongly or not at all
)

// Picture is what an image tells of itself beside its size. What is zero is not known.
type Picture struct {
	Colours     string // RGB, Grey or CMYK
	Orientation int    // as in EXIF, 1 to 8
	Animated    bool   // it moves
	Located     bool   // it tells where it was taken
}

// Film is what a video tells of itself beside its size and duration. What is zero is not known.
type Film struct {
	VideoCodec    string  // "h264", "hevc"
	FrameRate     float64 // frames a second, on average
	Variable      bool    // the frames last differently long
	BitRate       int64   // bits a second, of the whole file
	VideoBitRate  int64   // of the pictures alone
	Chroma        string  // how densely colours are sampled: "4:2:0"
	Interlaced    bool
	Rotation      int    // degrees by which the pictures are turned to be shown
	AudioCodec    string // "aac"; empty: no sound
	AudioChannels int
	AudioRate     int   // samples a second
	AudioBitRate  int64 // bits a second
	MoovLast      bool  // the description stands behind the media: a player must have all of the file first
	Fragmented    bool  // in pieces, for streaming
	Trimmed       bool  // an edit list skips a moment at the start, as encoders write it
	Cut           bool  // an edit list leaves parts out, repeats or delays them
	Located       bool  // it tells where it was filmed
}
