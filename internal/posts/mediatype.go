package posts

import (
	"net/url"
	"path"
	"strings"

	"posthorn/internal/platforms"
)

// extensions tell the type of a file by the end of its name.
var extensions = map[string]platforms.MediaType{
	".jpg": platforms.Image, ".jpeg": platforms.Image, ".png": platforms.Image, ".webp": platforms.Image, ".heic": platforms.Image, ".avif": platforms.Image,
	".bmp": platforms.Image, ".tif": platforms.Image, ".tiff": platforms.Image, ".gif": platforms.GIF,
	".mp4": platforms.Video, ".mov": platforms.Video, ".avi": platforms.Video, ".webm": platforms.Video, ".m4v": platforms.Video, ".mpeg": platforms.Video,
	".mpg": platforms.Video, ".mkv": platforms.Video, ".pdf": platforms.Document,
}

// TypeByName is the type that an address promises; empty when it promises none.
func TypeByName(address string) platforms.MediaType {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return extensions[strings.ToLower(path.Ext(u.Path))]
}
