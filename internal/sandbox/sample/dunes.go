package sample

import (
	"image"
	"math"
)

// dunes is a desert in the evening: crests between light and shade, ripples in the sand, dust towards the horizon.
func dunes(w, h int) *image.RGBA {
	c := newCanvas(w, h)
	c.rows(0, h, func(_, _ int, u, v float64) rgb {
		base := gradient(v, stop{0, hex(0x3f6ea6)}, stop{.2, hex(0x8fb0c8)}, stop{.34, hex(0xf0d2ae)}, stop{.42, hex(0xffcf96)})
		wisp := smooth(.5, .85, fbm(u*2.2+v*2, v*15, 5, 12)) * smooth(.34, .05, v)
		return mix(base, hex(0xfff0e2), wisp*.6).add(hex(0xff9a50).times(.3 * math.Exp(-(u*u*3 + (v-.38)*(v-.38)*40))))
	})
	const lx, ly, lz = -.84, .42, .34
	terrain{
		eye: 2.05, horizon: .37, lens: .95, near: 1, far: 60, step: .0032, octaves: 5,
		height: func(x, z float64, octaves int) float64 {
			// The wind makes one side of a dune long and the other steep: a bent saw of sines, pushed about by noise.
			bend := fbm(x*.16, z*.16, 3, 31)
			a := dune(x*.21 + z*.13 + bend*1.9)
			b := dune(x*.52 - z*.20 + bend*2.6 + 1.7)
			return a*1.25*lerp(.5, 1.4, noise(x*.07, z*.09, 4)) + b*.32*noise(x*.2+8, z*.2, 8) + .0006*float64(octaves)
		},
		shade: func(s spot) rgb {
			ripple := math.Sin((s.x*1.6+s.z*4.2+2.4*fbm(s.x*1.1, s.z*1.1, 2, 6))*15) * smooth(9, 2, s.z)
			sun := clamp(s.facing(lx, ly, lz)+ripple*.045, 0, 1)
			sun *= smooth(.02, .34, sun)
			sand := mix(hex(0xd79a5b), hex(0xe9b67c), fbm(s.x*2, s.z*2, 3, 55)).times(lerp(.94, 1.06, hash(int(s.x*900), int(s.z*900), 4)))
			return sand.filter(hex(0xffc58a).times(1.9 * sun).add(hex(0x7e86b8).times(.34 + .12*s.ny)))
		},
		haze: func(z, _ float64, under rgb, px int) rgb {
			air := mix(hex(0xffc68c), hex(0xe9c3a8), float64(px)/float64(w))
			return mix(under, air, clamp(1-math.Exp(-(z-2)*.034), 0, .9))
		},
	}.paint(c)
	return c.develop(.98, 5)
}

// dune is one wave of sand from 0 to 1 with a long windward and a short lee side.
func dune(v float64) float64 {
	v -= math.Floor(v)
	if v < .7 {
		t := v / .7
		return t * t * (1.6 - .6*t)
	}
	t := (1 - v) / .3
	return t * (.75 + .25*t)
}
