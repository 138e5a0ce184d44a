package sample

import (
	"image"
	"math"
	"runtime"
	"sync"
)

// rgb is a colour in linear light, where mixing behaves as in nature; values above one are brighter than the paper's white.
type rgb struct{ r, g, b float64 }

// hex makes a colour from the way it is usually written: 0xRRGGBB in sRGB.
func hex(c int) rgb { return rgb{linear[c>>16&0xff], linear[c>>8&0xff], linear[c&0xff]} }

// linear is the light of each value of a channel; colours are named for every pixel, so it is worked out once.
var linear = func() (l [256]float64) {
	for v := range l {
		l[v] = math.Pow(float64(v)/255, 2.2)
	}
	return l
}()

func (c rgb) add(d rgb) rgb         { return rgb{c.r + d.r, c.g + d.g, c.b + d.b} }
func (c rgb) times(f float64) rgb   { return rgb{c.r * f, c.g * f, c.b * f} }
func (c rgb) filter(d rgb) rgb      { return rgb{c.r * d.r, c.g * d.g, c.b * d.b} }
func mix(a, b rgb, t float64) rgb   { return a.times(1 - t).add(b.times(t)) }
func lerp(a, b, t float64) float64  { return a + (b-a)*t }
func clamp(v, a, b float64) float64 { return max(a, min(b, v)) }

// smooth rises from 0 at a to 1 at b without a corner.
func smooth(a, b, v float64) float64 {
	t := clamp((v-a)/(b-a), 0, 1)
	return t * t * (3 - 2*t)
}

// stop is a colour at a place of a gradient.
type stop struct {
	at float64
	c  rgb
}

// table keeps a function of 0..1 as n steps with straight lines between, for one that is asked at every pixel.
func table(n int, f func(u float64) float64) func(u float64) float64 {
	kept := make([]float64, n+1)
	for i := range kept {
		kept[i] = f(float64(i) / float64(n))
	}
	return func(u float64) float64 {
		at := clamp(u, 0, 1) * float64(n)
		i := min(int(at), n-1)
		return lerp(kept[i], kept[i+1], at-float64(i))
	}
}

// gradient mixes the colours of stops, which are in order.
func gradient(v float64, stops ...stop) rgb {
	for i := 1; i < len(stops); i++ {
		if a, b := stops[i-1], stops[i]; v <= b.at {
			return mix(a.c, b.c, smooth(a.at, b.at, v))
		}
	}
	return stops[len(stops)-1].c
}

// canvas is a picture in linear light.
type canvas struct {
	w, h int
	px   []rgb
}

func newCanvas(w, h int) *canvas { return &canvas{w, h, make([]rgb, w*h)} }

// at reads a pixel, at the edge when asked beyond it.
func (c *canvas) at(x, y int) rgb {
	return c.px[max(0, min(c.h-1, y))*c.w+max(0, min(c.w-1, x))]
}

// inParallel calls f for bands of 0..n on all processors.
func inParallel(n int, f func(from, to int)) {
	parts := max(1, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() { f(n*i/parts, n*(i+1)/parts) })
	}
	wg.Wait()
}

// rows paints every pixel of the rows from..to; u and v run from 0 to 1 across and down the picture.
func (c *canvas) rows(from, to int, shade func(x, y int, u, v float64) rgb) {
	inParallel(to-from, func(a, b int) {
		for y := from + a; y < from+b; y++ {
			for x := range c.w {
				c.px[y*c.w+x] = shade(x, y, (float64(x)+.5)/float64(c.w), (float64(y)+.5)/float64(c.h))
			}
		}
	})
}

// develop makes a photograph of the canvas: a film's soft shoulder, darker corners, and grain, which also hides the steps
// between the 256 values of a channel.
func (c *canvas) develop(exposure, grain float64) *image.RGBA {
	const steps = 4096
	var curve [steps + 1]float64 // from light 0..4 to a value 0..255
	for i := range curve {
		x := float64(i) / steps * 4
		film := x * (2.51*x + .03) / (x*(2.43*x+.59) + .14)
		curve[i] = 255 * math.Pow(clamp(film, 0, 1), 1/2.2)
	}
	out := image.NewRGBA(image.Rect(0, 0, c.w, c.h))
	inParallel(c.h, func(from, to int) {
		for y := from; y < to; y++ {
			for x := range c.w {
				dx, dy := float64(x)/float64(c.w)-.5, float64(y)/float64(c.h)-.5
				light := exposure * (1 - .55*(dx*dx+dy*dy))
				p := c.px[y*c.w+x].times(light)
				noise := grain * (hash(x, y, 1) + hash(x, y, 2) - 1)
				o := out.Pix[y*out.Stride+4*x:]
				for i, v := range [3]float64{p.r, p.g, p.b} {
					o[i] = uint8(clamp(curve[int(clamp(v*steps/4, 0, steps))]+noise*(1+.3*float64(i&1))+.5, 0, 255))
				}
				o[3] = 255
			}
		}
	})
	return out
}
