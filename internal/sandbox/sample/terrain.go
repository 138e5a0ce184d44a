package sample

import "math"

// terrain is ground seen from a camera. Distances and heights share one unit; the camera looks along z.
type terrain struct {
	height  func(x, z float64, octaves int) float64
	shade   func(s spot) rgb
	haze    func(z, y float64, under rgb, px int) rgb // what the air makes of a colour at a distance
	eye     float64                                   // height of the camera
	horizon float64                                   // as a part of the picture's height, from the top
	lens    float64                                   // picture widths per unit at distance one
	near    float64
	far     float64
	step    float64 // growth of the step with the distance: 0.006 is fine
	octaves int
}

// spot is a place on the ground.
type spot struct {
	x, y, z    float64
	nx, ny, nz float64 // which way it faces
}

// paint draws the ground over what the canvas holds, column by column from the front to the back: whatever rises above all
// that is nearer shows.
func (t terrain) paint(c *canvas) {
	scale := t.lens * float64(c.w)
	inParallel(c.w, func(from, to int) {
		for px := from; px < to; px++ {
			t.column(c, px, scale)
		}
	})
}

func (t terrain) column(c *canvas, px int, scale float64) {
	side := (float64(px) - float64(c.w)/2) / scale
	top, last, first := c.h, rgb{}, true
	for z := t.near; z < t.far && top > 0; z *= 1 + t.step {
		octaves := max(3, min(t.octaves, 2+int(math.Log2(scale/z/3)+.5)))
		x := side * z
		y := t.height(x, z, octaves)
		row := int(t.horizon*float64(c.h) - (y-t.eye)/z*scale)
		if row >= top {
			continue
		}
		e := max(z*.0016, .002)
		nx, nz := (y-t.height(x+e, z, octaves))/e, (y-t.height(x, z+e, octaves))/e
		n := 1 / math.Sqrt(nx*nx+nz*nz+1)
		colour := t.haze(z, y, t.shade(spot{x, y, z, nx * n, n, nz * n}), px)
		if first {
			last, first = colour, false
		}
		row = max(row, 0)
		for r, n := row, float64(top-row); r < top; r++ { // the ground between two steps
			c.px[r*c.w+px] = mix(colour, last, (float64(r-row)+.5)/n)
		}
		top, last = row, colour
	}
}

// facing is how much of a light's rays a spot catches; the light's direction has length one.
func (s spot) facing(lx, ly, lz float64) float64 { return max(0, s.nx*lx+s.ny*ly+s.nz*lz) }
