package sample

import (
	"image"
	"math"
)

// night is the northern lights above a still lake: curtains of rays, stars, dark hills and their mirror image.
func night(w, h int) *image.RGBA {
	const shore = .66
	c := newCanvas(w, h)
	sky := func(u, v float64) rgb {
		base := gradient(v, stop{0, hex(0x050b1c)}, stop{.35, hex(0x0b1d36)}, stop{.6, hex(0x17404f)}, stop{.68, hex(0x2a5f5c)})
		return base.add(curtain(u, v, 0, 1)).add(curtain(u, v, 1, .55)).add(curtain(u, v, 2, .4))
	}
	hill := table(2*w, func(u float64) float64 {
		return shore - .03 - .13*ridges(u*1.7+2.4, 4.1, 7, 7)*(.45+.55*math.Abs(2*u-1))
	})
	above := func(u, v float64) rgb {
		if top := hill(u); v > top {
			snow := smooth(.55, .8, fbm(u*26, v*34, 4, 3)) * smooth(top+.05, top, v)
			return mix(hex(0x060d14), hex(0x2b5a5c), .4*snow+.25*smooth(shore-.05, shore, v))
		}
		return sky(u, v)
	}
	c.rows(0, h, func(x, y int, u, v float64) rgb {
		if v <= shore {
			colour := above(u, v)
			if v < hill(u) {
				colour = colour.add(star(x, y, v))
			}
			return colour
		}
		depth := v - shore
		ripple := (fbm(u*9/(depth+.1), 3/(depth+.05), 4, 41) - .5) * (.01 + depth*.12)
		seen := above(clamp(u+ripple*.4, 0, 1), clamp(shore-depth*.95+ripple, 0, shore-.001))
		return mix(seen.times(.72), hex(0x07131d), smooth(.02, .5, depth)*.55)
	})
	pines(c, 1.0, .13, hex(0x03070a), 8)
	return c.develop(1.5, 6)
}

// curtain is one band of aurora: rays that stand on a winding lower edge and fade upwards, green below and violet above.
func curtain(u, v float64, n int, strength float64) rgb {
	seed := 50 + 7*n
	edge := .46 - .11*float64(n) + .20*(fbm(u*1.3+float64(n)*2.1, .5, 4, seed)-.5) + .03*math.Sin(u*5+float64(n)*2)
	up := edge - v
	rays := .35 + .9*noise(u*55+9*fbm(u*3, v, 3, seed+2), .3, seed+1)*noise(u*17, 1.2, seed+3)
	folds := smooth(.25, .75, fbm(u*2.2+4, 2.5, 4, seed+5))
	var glow float64
	if up >= 0 {
		glow = math.Exp(-up * lerp(5.5, 11, noise(u*8, 0, seed+4)))
	} else {
		glow = math.Exp(up * 46)
	}
	colour := gradient(clamp(up*3.2, 0, 1), stop{0, hex(0x9dffb0)}, stop{.25, hex(0x37e08c)}, stop{.6, hex(0x2b9f9a)}, stop{1, hex(0x7c4fc0)})
	return colour.times(1.15 * strength * glow * rays * folds)
}

// star is the light of a star at a pixel, mostly none.
func star(x, y int, v float64) rgb {
	bright := 0.
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			if s := hash(x+dx, y+dy, 99); s > .9988 {
				reach := 1. / (1 + 5*float64(dx*dx+dy*dy))
				bright += (s - .9988) / .0012 * reach
			}
		}
	}
	return mix(hex(0xbfd4ff), hex(0xfff0d8), hash(x/3, y/3, 5)).times(1.1 * bright * smooth(.62, .2, v))
}
