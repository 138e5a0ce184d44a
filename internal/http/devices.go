package http

import (
	"net/http"
	"net/url"
	"strings"

	"posthorn/internal/auth"
	"posthorn/internal/http/wire"
)

// startDevice begins the login of a device, which needs no key: it gets one in the end.
func (s *Server) startDevice(w http.ResponseWriter, r *http.Request) error {
	var in wire.StartDeviceRequest
	if r.ContentLength != 0 {
		if err := decode(r, &in); err != nil {
			return err
		}
	}
	d, err := s.cfg.People.StartDevice(r.Context(), in.DeviceName)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.DeviceLogin{DeviceCode: d.DeviceCode.Reveal(), UserCode: d.UserCode, ExpiresAt: wire.At(&d.ExpiresAt),
		BrowserURL: s.cfg.PublicURL + devicePath + "?" + url.Values{"code": {d.UserCode}}.Encode(), Interval: int(auth.DeviceInterval.Seconds())})
	return nil
}

func (s *Server) pollDevice(w http.ResponseWriter, r *http.Request) error {
	_, code, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	state, key, err := s.cfg.People.PollDevice(r.Context(), strings.TrimSpace(code))
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.DeviceStatus{Status: string(state), APIKey: key.Reveal()})
	return nil
}
