package sample

import (
	"image"
	"math"
	"slices"
)

// peaks is a range of mountains at first light: snow on the sunny sides, blue shadow, mist in the valleys.
func peaks(w, h int) *image.RGBA {
	c := newCanvas(w, h)
	sky := func(u, v float64) rgb {
		base := gradient(v, stop{0, hex(0x2f4a7d)}, stop{.22, hex(0x7d8fbd)}, stop{.38, hex(0xe6b9b4)}, stop{.5, hex(0xffd9a8)})
		glow := math.Exp(-((u-.78)*(u-.78)*3 + (v-.42)*(v-.42)*14) * 2.2)
		base = base.add(hex(0xffb070).times(.55 * glow))
		cloud := smooth(.52, .8, fbm(u*3+2, v*16, 5, 40)) * smooth(.5, .12, v)
		return mix(base, hex(0xffc9b5).times(1.05), cloud*.55)
	}
	c.rows(0, h, func(_, _ int, u, v float64) rgb { return sky(u, v) })

	const lx, ly, lz = .80, .42, .43
	ground := terrain{
		eye: 1.25, horizon: .44, lens: 1.25, near: .9, far: 34, step: .0042, octaves: 8,
		height: func(x, z float64, octaves int) float64 {
			rise := smooth(2.2, 9, z) // low ground in front, the range behind
			big := ridges(x*.23+5.2, z*.23+1.7, octaves, 3)
			return big*lerp(.9, 3.5, rise)*lerp(.7, 1.15, noise(x*.09+1, z*.09, 9)) - .25
		},
		shade: func(s spot) rgb {
			sun := s.facing(lx, ly, lz)
			rough := fbm(s.x*9, s.z*9+s.y*14, 4, 21)
			rock := mix(hex(0x3b3a45), hex(0x6e6259), rough)
			forest := mix(hex(0x14241f), hex(0x2c3f2f), rough)
			ground := mix(forest, rock, smooth(.55, 1.05, s.y+rough*.5))
			snow := smooth(1.05, 1.6, s.y+rough*.7) * smooth(.42, .68, s.ny+rough*.14)
			ground = mix(ground, hex(0xf4f5fb), snow)
			return ground.filter(hex(0xffc193).times(2.5 * sun).add(hex(0x8fa8e0).times(.42 + .25*s.ny)))
		},
		haze: func(z, y float64, under rgb, px int) rgb {
			u := float64(px) / float64(w)
			air := mix(hex(0x8fa3cf), hex(0xffd0a6), smooth(.2, 1, u)*.75+.1)
			far := 1 - math.Exp(-z*.062)
			mist := (1 - math.Exp(-z*.16)) * smooth(1.15, -.1, y) * .9 * lerp(.75, 1.1, noise(u*9, z*.8, 77))
			return mix(under, air, clamp(max(far, mist), 0, .97))
		},
	}
	ground.paint(c)
	pines(c, .93, .11, hex(0x0b1518), 5)
	return c.develop(1.02, 5)
}

// pines sets a wood of dark firs along the bottom of a picture: level is the height of its floor, size that of a tall tree.
func pines(c *canvas, level, size float64, dark rgb, seed int) {
	w, h := float64(c.w), float64(c.h)
	tops := make([]float64, c.w)
	for x := range tops {
		tops[x] = h * (level + .05*(fbm(float64(x)/w*3, 0, 3, seed)-.5))
	}
	floors := slices.Clone(tops)
	for i, x := 0, -20.; x < w+20; i++ {
		tall := h * size * lerp(.35, 1, hash(i, 0, seed)*hash(i, 5, seed)+.25*fbm(x/w*5, 1, 2, seed))
		floor := floors[int(clamp(x, 0, w-1))]
		for dx := -int(tall * .2); dx <= int(tall*.2); dx++ {
			px := int(x) + dx
			if px < 0 || px >= c.w {
				continue
			}
			// A fir is a spire whose boughs hang in steps.
			side := math.Abs(float64(dx)) / (tall * .2)
			bough := .10 * hash(px, i, seed+1)
			tops[px] = min(tops[px], floor-tall*(1-side)*(1-bough)*smooth(1.02, .8, side))
		}
		x += w * lerp(.006, .022, hash(i, 1, seed))
	}
	for x, top := range tops {
		for y := max(0, int(top)); y < c.h; y++ {
			c.px[y*c.w+x] = dark.times(1 + .5*hash(x, y, seed)).add(hex(0x22303a).times(.4 * smooth(0, h*.12, float64(y)-top)))
		}
	}
}
