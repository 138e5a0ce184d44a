package wire

// UploadedFile is the answer to the PUT of a presigned upload. Its address is no operation of the API, so openapi.yaml does not describe it.
type UploadedFile struct {
	URL         string `json:"url"`
	Key         string `json:"key"`
	ContentType string `json:"contentType"` // by its bytes
	Size        int64  `json:"size"`        // in bytes
}
