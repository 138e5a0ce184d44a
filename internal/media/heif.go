package media

import "encoding/binary"

// readHEIF reads the size of a HEIC or AVIF picture from the properties of its items: ISO/IEC 23008-12. The largest is the picture itself,
// of which the others are tiles and thumbnails; turned says that it is shown on its side.
func readHEIF(b []byte, info *Info) {
	for name, meta := range boxes(b) {
		if name != "meta" || len(meta) < 4 {
			continue
		}
		turned := false
		for name, b := range boxes(meta[4:]) {
			if name != "iprp" {
				continue
			}
			for name, b := range boxes(b) {
				if name != "ipco" {
					continue
				}
				for name, b := range boxes(b) {
					switch {
					case name == "ispe" && len(b) >= 12:
						w, h := int(int32(binary.BigEndian.Uint32(b[4:]))), int(int32(binary.BigEndian.Uint32(b[8:])))
						if w > 0 && h > 0 && w*h > info.Width*info.Height {
							info.Width, info.Height = w, h
						}
					case name == "irot" && len(b) > 0:
						turned = b[0]&1 == 1
					}
				}
			}
		}
		if turned {
			info.Width, info.Height = info.Height, info.Width
		}
	}
}
