package sample

import (
	"image"
	"math"
)

// coast is a calm sea at sunset: hazy headlands one behind the other, the sun's path on the water, rocks in front.
func coast(w, h int) *image.RGBA {
	const horizon, sunU, sunV = .55, .64, .485
	aspect := float64(h) / float64(w)
	c := newCanvas(w, h)
	sky := func(u, v float64) rgb {
		base := gradient(v, stop{0, hex(0x24406e)}, stop{.2, hex(0x5a6b9a)}, stop{.36, hex(0xc78a93)}, stop{.47, hex(0xffb27a)}, stop{.56, hex(0xffd9a0)})
		dx, dy := u-sunU, (v-sunV)*aspect
		d := math.Sqrt(dx*dx + dy*dy)
		base = base.add(hex(0xff9a4d).times(.9 * math.Exp(-d*7))).add(hex(0xffe0b0).times(.8 * math.Exp(-d*26)))
		streak := smooth(.48, .78, fbm(u*2.2+1, v*17+u*1.5, 6, 31)) * smooth(.5, .1, v) * smooth(0, .06, v)
		lit := mix(hex(0x8d7da0), hex(0xffb48c), smooth(.75, .1, d))
		base = mix(base, lit, streak*.75)
		return mix(base, hex(0xfff3d0).times(3.2), smooth(.043, .037, d))
	}
	ridge := func(i int, u float64) float64 { // height above the horizon of the i-th headland, in parts of the picture
		n := ridges(u*(1.1+.5*float64(i))+float64(i)*3.7, float64(i)*5.3, 7, 60+i)
		lean := []float64{smooth(.25, 1.05, u), smooth(.72, .02, u), smooth(.5, 1.15, u)}[i]
		return (.015 + (.10+.03*float64(i))*n) * lean
	}
	var crests [3]func(u float64) float64
	for i := range crests {
		crests[i] = table(2*w, func(u float64) float64 { return ridge(i, u) })
	}
	headland := func(u, v float64) (rgb, bool) {
		shades := []rgb{hex(0xcf9a8e), hex(0x87667c), hex(0x40384f)}
		for i := 2; i >= 0; i-- {
			if top := horizon - crests[i](u); v >= top && v <= horizon {
				wood := .85 + .3*fbm(u*40, v*60, 4, 80+i)
				warm := mix(shades[i].times(wood), hex(0xffb27a), .35*math.Exp(-math.Abs(u-sunU)*5)*smooth(2.5, 0, float64(i)))
				return mix(warm, hex(0xffc79a), .5*smooth(horizon-.03, horizon, v)*(1-.25*float64(i))), true
			}
		}
		return rgb{}, false
	}
	air := func(u, v float64) rgb {
		if ground, ok := headland(u, v); ok {
			return ground
		}
		return sky(u, v)
	}
	c.rows(0, h, func(_, _ int, u, v float64) rgb {
		if v <= horizon {
			return air(u, v)
		}
		return water(u, v, horizon, sunU, air)
	})
	rocks(c)
	return c.develop(1.0, 5)
}

// water mirrors what stands above it, broken by small waves that grow towards the viewer, with the sun's path in it.
func water(u, v, horizon, sunU float64, air func(u, v float64) rgb) rgb {
	depth := v - horizon
	far := .012 / (depth + .012)
	x, z := (u-.5)*(.4+14*far), 26*far+depth*3
	wave := fbm(x*2.6+4, z*9, 5, 12) - .5
	fine := fbm(x*11, z*42, 4, 17) - .5
	mirror := clamp(horizon-depth*.92+(wave*.10+fine*.05)*(.15+depth), .02, horizon-.001)
	seen := air(clamp(u+fine*.03, 0, 1), mirror)
	deep := mix(hex(0x1c3350), hex(0x0d1d30), smooth(0, .4, depth))
	slope := clamp(.30+depth*.75+wave*.9*smooth(0, .25, depth), .12, .85)
	colour := mix(seen, deep, slope)
	path := math.Exp(-math.Pow((u-sunU)/(.035+depth*.32), 2))
	glitter := smooth(.56, .80, fbm(x*7+9, z*30, 4, 23)+.10*path)
	colour = colour.add(hex(0xffb66e).times(path * (.28*(1-smooth(0, .4, depth)) + 1.5*glitter)))
	return mix(colour, hex(0xffd2a2), .65*math.Exp(-depth*46))
}

// rocks sets wet boulders into the near corner, with a rim of the evening's light.
func rocks(c *canvas) {
	outline := table(2*c.w, func(u float64) float64 {
		return 1.03 - .20*smooth(.62, -.1, u)*(.35+1.0*ridges(u*3.1+.6, 2.2, 6, 91)) - .05*smooth(.75, 1.05, u)*ridges(u*5, 9, 5, 93)
	})
	c.rows(int(float64(c.h)*.72), c.h, func(x, y int, u, v float64) rgb {
		top := outline(u)
		if v < top {
			return c.at(x, y)
		}
		rough := ridges(u*9, v*11, 6, 95)
		stone := mix(hex(0x0d0f16), hex(0x3a3038), rough*.8)
		rim := smooth(.022, 0, v-top) * (.35 + .65*rough)
		slope := clamp((outline(u-.004)-outline(u+.004))*40+.4, 0, 1)
		return stone.add(hex(0xff9d63).times(.45 * rim * (1.1 - slope))).add(hex(0x33405e).times(.18 * smooth(.4, .9, rough)))
	})
}
