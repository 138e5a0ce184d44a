package api

// exampleServer asks for what needs no owner.
func exampleServer(w *world) {
	for _, path := range []string{"/health", "/healthz", "/openapi.yaml", "/openapi.json", "/v1/platforms"} {
		w.do("GET", path, nil).want(200)
		w.do("GET", path+"?%zz", nil).want(400)
	}
	w.do("GET", "/readyz", nil).want(503)
	w.do("GET", "/readyz?%zz", nil).want(400)
	w.work()
	w.do("GET", "/readyz", nil).want(200)
}
