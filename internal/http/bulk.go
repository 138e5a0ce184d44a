package http

import (
	"net/http"

	"posthorn/internal/bulk"
	"posthorn/internal/http/wire"
)

// bulkUploadPosts makes posts of the rows of a CSV file.
func (s *Server) bulkUploadPosts(w http.ResponseWriter, r *http.Request) error {
	file, err := s.formFile(w, r, "file")
	if err != nil {
		return err
	}
	result, err := s.cfg.Bulk.Upload(r.Context(), principalOf(r), file, r.URL.Query().Get("dryRun") == "true")
	if err != nil {
		return err
	}
	status := http.StatusOK
	if result.Valid > 0 && result.Valid < len(result.Rows) {
		status = http.StatusMultiStatus
	}
	s.write(w, r, status, bulkResult(result))
	return nil
}

func bulkResult(result bulk.Result) wire.BulkUploadResult {
	out := wire.BulkUploadResult{Total: len(result.Rows), Valid: result.Valid, Invalid: len(result.Rows) - result.Valid,
		Results: make([]wire.BulkUploadRow, 0, len(result.Rows)), Warnings: list(result.Warnings)}
	for _, row := range result.Rows {
		out.Results = append(out.Results, wire.BulkUploadRow{RowIndex: row.Index, Ok: len(row.Errors) == 0, CreatedPostID: row.PostID, Errors: row.Errors})
	}
	for _, l := range result.Limited {
		out.RateLimitedAccounts = append(out.RateLimitedAccounts, wire.RateLimitedAccount{AccountID: l.Account.ID, Platform: l.Account.Platform, Username: l.Account.Username,
			RateLimitedUntil: wire.At(&l.Until)})
	}
	return out
}
