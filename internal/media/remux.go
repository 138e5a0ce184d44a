package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"posthorn/internal/platforms"
)

// A remux is a film whose container is written anew: its description first, without edit lists or places. Its pictures and sounds are
// copied as they are, while they are read.
type remux struct {
	head []byte // ftyp and moov
	data []span // of the old file, in order
	size int64
}

// span is a part of a file.
type span struct{ at, n int64 }

var errNotRemuxed = errors.New("the film's container cannot be written anew")

const maxBoxes = 10_000 // at the top of a file

// remuxed plans the new container of a film that lies in parts.
func remuxed(ctx context.Context, f *ranged, fit platforms.Fit) (*remux, error) {
	var r remux
	var ftyp, moov []byte
	for at, n := int64(0), 0; at < f.size; n++ {
		b, err := f.at(ctx, at, min(16, f.size-at))
		if err != nil {
			return nil, err
		}
		if len(b) < 8 || n > maxBoxes {
			return nil, errNotRemuxed
		}
		size, header := int64(binary.BigEndian.Uint32(b)), int64(8)
		switch {
		case size == 0:
			size = f.size - at
		case size == 1 && len(b) == 16:
			size, header = int64(min(binary.BigEndian.Uint64(b[8:]), math.MaxInt64/2)), 16
		}
		if size < header || size > f.size-at {
			return nil, errNotRemuxed
		}
		switch name := string(b[4:8]); name {
		case "ftyp", "moov":
			if size > maxMoov {
				return nil, errTooMuch
			}
			whole, err := f.at(ctx, at, size)
			if err != nil {
				return nil, err
			}
			if name == "ftyp" {
				ftyp = whole
			} else {
				moov = whole[header:]
			}
		case "free", "skip", "wide":
		case "moof", "sidx":
			return nil, errNotRemuxed
		default:
			r.data = append(r.data, span{at, size}) // a box that reaches to the end of the file is the last here too
		}
		at += size
	}
	if moov == nil {
		return nil, errNotRemuxed
	}
	if err := r.write(ftyp, moov, fit); err != nil {
		return nil, err
	}
	return &r, nil
}

// write makes the head. Where chunks lie depends on how long it is, which depends on nothing but whether their offsets are long ones.
func (r *remux) write(ftyp, moov []byte, fit platforms.Fit) error {
	total := int64(len(ftyp) + len(moov))
	for _, d := range r.data {
		total += d.n
	}
	e := &editor{fit: fit, wide: total > math.MaxUint32-maxMoov}
	first, err := e.moov(moov, func(int64) (int64, bool) { return 0, true })
	if err != nil {
		return err
	}
	shift := int64(len(ftyp) + len(first))
	head, err := e.moov(moov, func(at int64) (int64, bool) {
		to := shift
		for _, d := range r.data {
			if at >= d.at && at < d.at+d.n {
				return to + at - d.at, true
			}
			to += d.n
		}
		return 0, false
	})
	if err != nil {
		return err
	}
	if len(head) != len(first) {
		return errNotRemuxed
	}
	r.head = append(bytes.Clone(ftyp), head...)
	r.size = int64(len(r.head))
	for _, d := range r.data {
		r.size += d.n
	}
	return nil
}

// reader reads the new file, asking for the parts of the old one as they come.
func (r *remux) reader(ctx context.Context, fetch func(ctx context.Context, at, n int64) (io.ReadCloser, error)) io.ReadCloser {
	return &remuxReader{ctx: ctx, r: r, fetch: fetch, now: io.NopCloser(bytes.NewReader(r.head)), left: int64(len(r.head)), next: 0}
}

type remuxReader struct {
	ctx   context.Context
	r     *remux
	fetch func(ctx context.Context, at, n int64) (io.ReadCloser, error)
	now   io.ReadCloser
	left  int64
	next  int
}

// Read reads on. A part that ends too early is an error.
func (r *remuxReader) Read(p []byte) (int, error) {
	for r.left == 0 {
		if err := r.now.Close(); err != nil {
			return 0, err
		}
		if r.next == len(r.r.data) {
			return 0, io.EOF
		}
		d := r.r.data[r.next]
		body, err := r.fetch(r.ctx, d.at, d.n)
		if err != nil {
			r.now = io.NopCloser(bytes.NewReader(nil))
			return 0, err
		}
		r.now, r.left, r.next = body, d.n, r.next+1
	}
	n, err := r.now.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if err == io.EOF {
		if err = nil; r.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// Close lets go of the part that is being read.
func (r *remuxReader) Close() error {
	if r.now == nil {
		return nil
	}
	return r.now.Close()
}

// sum names what the remux is made of, as far as its own head and plan tell.
func (r *remux) sum() [sha256.Size]byte {
	h := sha256.New()
	h.Write(r.head)
	fmt.Fprint(h, r.data)
	return [sha256.Size]byte(h.Sum(nil))
}

// editor writes a moov anew.
type editor struct {
	fit  platforms.Fit
	wide bool // offsets take eight bytes
}

// moov gives the whole box; to maps an old place in the file to its new one.
func (e *editor) moov(moov []byte, to func(int64) (int64, bool)) ([]byte, error) {
	located := false
	for name, b := range boxes(moov) {
		located = located || (name == "udta" || name == "meta") && hasLocation(b)
	}
	var out []byte
	read := 0
	for name, b := range boxes(moov) {
		read = end(moov, b)
		switch {
		case located && (name == "udta" || name == "meta"):
		case name == "trak":
			t, err := e.trak(b, to)
			if err != nil {
				return nil, err
			}
			out = append(out, t...)
		default:
			out = append(out, isoBox(name, b)...)
		}
	}
	if read != len(moov) {
		return nil, errNotRemuxed
	}
	return isoBox("moov", out), nil
}

// end is where a payload ends within the bytes it is a part of.
func end(whole, part []byte) int { return cap(whole) - cap(part) + len(part) }

func (e *editor) trak(trak []byte, to func(int64) (int64, bool)) ([]byte, error) {
	t := parseTrack(trak)
	var f platforms.Film
	t.noteEdits(&f)
	shift := int64(0)
	drop := e.fit.NoEdits && f.Trimmed
	if drop && t.kind == "vide" {
		shift = t.edits[0].from
	}
	var out []byte
	read := 0
	for name, b := range boxes(trak) {
		read = end(trak, b)
		switch {
		case drop && name == "edts", (name == "udta" || name == "meta") && hasLocation(b):
		case name == "mdia":
			m, err := e.container("mdia", b, shift, to)
			if err != nil {
				return nil, err
			}
			out = append(out, m...)
		default:
			out = append(out, isoBox(name, b)...)
		}
	}
	if read != len(trak) {
		return nil, errNotRemuxed
	}
	return isoBox("trak", out), nil
}

// container writes the boxes that lead to the tables of samples anew.
func (e *editor) container(name string, content []byte, shift int64, to func(int64) (int64, bool)) ([]byte, error) {
	var out []byte
	read := 0
	for name, b := range boxes(content) {
		read = end(content, b)
		var box []byte
		var err error
		switch name {
		case "minf", "stbl":
			box, err = e.container(name, b, shift, to)
		case "stco", "co64":
			box, err = e.offsets(name, b, to)
		case "ctts":
			box, err = shifted(b, shift)
		default:
			box = isoBox(name, b)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, box...)
	}
	if read != len(content) {
		return nil, errNotRemuxed
	}
	return isoBox(name, out), nil
}

func (e *editor) offsets(name string, b []byte, to func(int64) (int64, bool)) ([]byte, error) {
	step := 4
	if name == "co64" {
		step = 8
	}
	if len(b) < 8 || (len(b)-8)/step < int(binary.BigEndian.Uint32(b[4:])) {
		return nil, errNotRemuxed
	}
	wide := e.wide || name == "co64"
	out := bytes.Clone(b[:8])
	for n, b := binary.BigEndian.Uint32(b[4:]), b[8:]; n > 0; n, b = n-1, b[step:] {
		at := int64(binary.BigEndian.Uint32(b))
		if step == 8 {
			at = int64(min(binary.BigEndian.Uint64(b), math.MaxInt64))
		}
		moved, ok := to(at)
		switch {
		case !ok, !wide && moved > math.MaxUint32:
			return nil, errNotRemuxed
		case wide:
			out = binary.BigEndian.AppendUint64(out, uint64(moved))
		default:
			out = binary.BigEndian.AppendUint32(out, uint32(moved))
		}
	}
	if wide {
		return isoBox("co64", out), nil
	}
	return isoBox("stco", out), nil
}

// shifted takes what an edit list had skipped off the times at which pictures are shown; some are then before those at which they are
// decoded, which the second version of the table can say.
func shifted(ctts []byte, by int64) ([]byte, error) {
	if by == 0 {
		return isoBox("ctts", ctts), nil
	}
	if len(ctts) < 8 || (len(ctts)-8)/8 < int(binary.BigEndian.Uint32(ctts[4:])) || by > math.MaxInt32 {
		return nil, errNotRemuxed
	}
	out := bytes.Clone(ctts)
	out[0] = 1
	for n, b := binary.BigEndian.Uint32(out[4:]), out[8:]; n > 0; n, b = n-1, b[8:] {
		v := int64(int32(binary.BigEndian.Uint32(b[4:]))) - by
		if v < math.MinInt32 {
			return nil, errNotRemuxed
		}
		binary.BigEndian.PutUint32(b[4:], uint32(int32(v)))
	}
	return isoBox("ctts", out), nil
}

func isoBox(name string, content []byte) []byte {
	b := append(binary.BigEndian.AppendUint32(make([]byte, 0, 8+len(content)), uint32(8+len(content))), name...)
	return append(b, content...)
}
