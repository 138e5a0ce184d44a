package rest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"
)

// Multipart is a form with one file in it, which is read while it is sent.
type Multipart struct {
	Fields   [][2]string // in this order, before the file
	Name     string      // of the file's field
	Filename string
	Type     string // of the file
	Body     io.Reader
	Length   int64 // of Body, exactly
}

// Into makes the form the body of a request.
func (m Multipart) Into(r Request) Request {
	var head bytes.Buffer
	w := multipart.NewWriter(&head)
	for _, f := range m.Fields { // writing to memory does not fail
		_ = w.WriteField(f[0], f[1])
	}
	quote := strings.NewReplacer("\\", "\\\\", `"`, "\\\"")
	_, _ = w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="` + quote.Replace(m.Name) + `"; filename="` + quote.Replace(m.Filename) + `"`}, "Content-Type": {m.Type}})
	before := slices.Clone(head.Bytes())
	head.Reset()
	_ = w.Close()
	after := head.Bytes()
	r.Body = io.MultiReader(bytes.NewReader(before), io.LimitReader(m.Body, m.Length), bytes.NewReader(after))
	r.Type, r.Length = w.FormDataContentType(), int64(len(before))+m.Length+int64(len(after))
	return r
}
