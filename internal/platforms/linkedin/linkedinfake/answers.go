package linkedinfake

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// failure is a refusal in LinkedIn's shape.
type failure struct {
	status  int
	code    string
	message string
	service int
}

// https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling
var (
	failVersion   = &failure{400, "VERSION_MISSING", "A version must be present. Please specify a version by adding the LinkedIn-Version header.", 0}
	failSyntax    = &failure{400, "ILLEGAL_ARGUMENT", "Syntax exception in path variables", 0}
	failNoToken   = &failure{401, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token", 65604}
	failToken     = &failure{401, "INVALID_ACCESS_TOKEN", "Invalid access token", 65600}
	failRevoked   = &failure{401, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user", 65601}
	failExpired   = &failure{401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired", 65602}
	failNotFound  = &failure{404, "NOT_FOUND", "Not Found", 0}
	failServer    = &failure{503, "SERVICE_UNAVAILABLE", "Service Unavailable", 0}
	failMany      = &failure{429, "TOO_MANY_REQUESTS", "Resource level throttle limit for calls to this resource is reached.", 101}
	failOwnership = &failure{400, "INVALID_CONTENT_OWNERSHIP", "One or more of the contents is not owned by the author", 0}
	failWaiting   = &failure{400, "MEDIA_ASSET_WAITING_UPLOAD", "Media asset is waiting for upload or being processed", 0}
	failMedia     = &failure{400, "MEDIA_ASSET_PROCESSING_FAILED", "Media asset failed processing", 0}
	failUpload    = &failure{400, "EXPIRED_UPLOAD_URL", "The upload URL has expired", 0}
	failConflict  = &failure{409, "CONFLICT", "Concurrent update", 0}
)

// denied is a lack of permission for a call.
func denied(call string) *failure {
	return &failure{403, "ACCESS_DENIED", "Not enough permissions to access: " + call, 100}
}

// invalid is a fault of a field.
func invalid(code, message string) *failure { return &failure{400, code, message, 0} }

func refuse(w http.ResponseWriter, e *failure) {
	body := map[string]any{"status": e.status, "message": e.message}
	if e.code != "" {
		body["code"] = e.code
	}
	if e.service != 0 {
		body["serviceErrorCode"] = e.service
	}
	answer(w, e.status, body)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if body == nil {
		return
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the client may be gone
}

// decode reads a JSON body, in which nothing may be that is not known.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return true
	case strings.Contains(err.Error(), "unknown field"):
		refuse(w, &failure{403, "", "Unpermitted fields present in REQUEST_BODY: Data Processing Exception while processing fields [/" + strings.Trim(err.Error()[strings.LastIndex(err.Error(), " ")+1:], `"`) + "]", 100})
	case errors.As(err, &kind):
		refuse(w, invalid("INVALID_VALUE_FOR_FIELD", "ERROR :: /"+strings.ReplaceAll(kind.Field, ".", "/")+" :: "+kind.Value+" cannot be coerced"))
	default:
		refuse(w, invalid("ILLEGAL_ARGUMENT", "Cannot parse the request entity"))
	}
	return false
}
