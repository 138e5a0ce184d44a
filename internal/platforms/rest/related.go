package rest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/textproto"
	"slices"
)

// Related is a file with what is said of it in JSON before it, as multipart/related. https://www.rfc-editor.org/rfc/rfc2387
type Related struct {
	Meta   any
	Type   string // of the file
	Body   io.Reader
	Length int64 // of Body, exactly
}

// Into makes it the body of a request.
func (m Related) Into(r Request) (Request, error) {
	meta, err := json.Marshal(m.Meta)
	if err != nil {
		return r, err
	}
	var head bytes.Buffer
	w := multipart.NewWriter(&head) // writing to memory does not fail
	part, _ := w.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/json; charset=UTF-8"}})
	_, _ = part.Write(meta)
	_, _ = w.CreatePart(textproto.MIMEHeader{"Content-Type": {m.Type}})
	before := slices.Clone(head.Bytes())
	head.Reset()
	_ = w.Close()
	after := head.Bytes()
	r.Body = io.MultiReader(bytes.NewReader(before), io.LimitReader(m.Body, m.Length), bytes.NewReader(after))
	r.Type, r.Length = "multipart/related; boundary="+w.Boundary(), int64(len(before))+m.Length+int64(len(after))
	return r, nil
}
