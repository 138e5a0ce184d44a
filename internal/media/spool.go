package media

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
)

// spooled is a download in a temporary file, at its start.
type spooled struct {
	file *os.File
	size int64
	sum  [sha256.Size]byte
}

// Read makes spooled the Body of a platforms.File.
func (s *spooled) Read(p []byte) (int, error) { return s.file.Read(p) }

// Close removes the file.
func (s *spooled) Close() error {
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}

// spool downloads the rest of an answer, of which prefix was read already. What is larger than limit is refused, if possible
// before it is read. Its error is a *Fault, or a failure of our own disk.
func spool(a *answer, prefix []byte, limit int64) (*spooled, error) {
	tooLarge := &Fault{Rule: RuleTooLarge, Message: fmt.Sprintf("the file is larger than %d MB", limit>>20), Remediation: "Use a smaller file."}
	if a.size > limit {
		return nil, tooLarge
	}
	file, err := os.CreateTemp("", "posthorn-media-*")
	if err != nil {
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	s := &spooled{file: file}
	hash := sha256.New()
	far := &farReader{r: a.body}
	n, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(io.MultiReader(bytes.NewReader(prefix), far), limit+1))
	switch {
	case far.err != nil:
		err = a.fault(far.err)
	case err != nil:
		err = fmt.Errorf("writing a temporary file: %w", err)
	case n > limit:
		err = tooLarge
	default:
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	s.size, s.sum = n, [sha256.Size]byte(hash.Sum(nil))
	return s, nil
}

// farReader keeps the error of the far side apart from those of the disk.
type farReader struct {
	r   io.Reader
	err error
}

func (f *farReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// bytes reads the file into memory and goes back to its start.
func (s *spooled) bytes() ([]byte, error) {
	b := make([]byte, s.size)
	if _, err := s.file.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading a temporary file: %w", err)
	}
	return b, nil
}
