package sample

import "math"

// hash is a number from 0 to 1 that looks random and belongs to a place.
func hash(x, y, seed int) float64 {
	h := uint32(x)*0x8da6b343 ^ uint32(y)*0xd8163841 ^ uint32(seed)*0xcb1ab31f //nolint:gosec // wrapping round is the point
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	h ^= h >> 15
	return float64(h) / math.MaxUint32
}

// noise is a smooth random landscape between 0 and 1 with hills about one unit wide.
func noise(x, y float64, seed int) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	tx, ty := x-fx, y-fy
	tx, ty = tx*tx*tx*(tx*(tx*6-15)+10), ty*ty*ty*(ty*(ty*6-15)+10)
	return lerp(
		lerp(hash(ix, iy, seed), hash(ix+1, iy, seed), tx),
		lerp(hash(ix, iy+1, seed), hash(ix+1, iy+1, seed), tx), ty)
}

// fbm adds up octaves of noise, each half as high and half as wide as the one before, turned so that no grid shows.
func fbm(x, y float64, octaves, seed int) float64 {
	sum, height, total := 0., .5, 0.
	for i := range octaves {
		sum += height * noise(x, y, seed+i)
		total += height
		height /= 2
		x, y = 1.6*x+1.2*y+7.3, 1.6*y-1.2*x+3.1
	}
	return sum / total
}

// ridges is like fbm with sharp crests, as mountains have them; rough ground lies high and valleys are smooth.
func ridges(x, y float64, octaves, seed int) float64 {
	sum, height, total, weight := 0., .5, 0., 1.
	for i := range octaves {
		n := 1 - math.Abs(2*noise(x, y, seed+i)-1)
		n *= n
		sum += height * n * weight
		total += height
		weight = clamp(n*1.6, 0, 1)
		height /= 2
		x, y = 1.6*x+1.2*y+7.3, 1.6*y-1.2*x+3.1
	}
	return sum / total
}
