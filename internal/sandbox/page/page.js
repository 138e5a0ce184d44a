// Keeps the page up to date: the server says that something changed, and the changed part is fetched and put in place.
const root = document.getElementById('feed-root')
const live = document.getElementById('live')
const announce = document.getElementById('announce')
let known = keys(root)
let running = false
let again = false

function keys(within) {
  return new Set([...within.querySelectorAll('[data-key]')].map((card) => card.dataset.key))
}

async function refresh() {
  if (running) { again = true; return }
  running = true
  try {
    const answer = await fetch('/_sandbox/feed' + location.search, { cache: 'no-store' })
    if (answer.ok) put(await answer.text())
  } catch { /* the next event or poll tries again */ }
  running = false
  if (again) { again = false; refresh() }
}

// put replaces what differs, card by card, so that pictures, scroll positions and the focus stay where they are.
function put(html) {
  const next = new DOMParser().parseFromString('<div>' + html + '</div>', 'text/html').body.firstElementChild
  const fresh = [...keys(next)].filter((key) => !known.has(key))
  known = keys(next)
  for (const card of next.querySelectorAll('[data-key]')) {
    const old = root.querySelector('[data-key="' + CSS.escape(card.dataset.key) + '"]')
    if (old && plain(old) === plain(card)) {
      old.querySelector('time').textContent = card.querySelector('time').textContent
      old.classList.remove('new')
      card.replaceWith(old)
    } else if (fresh.includes(card.dataset.key)) {
      card.classList.add('new')
    }
  }
  for (const details of next.querySelectorAll('[data-keep]')) {
    const old = root.querySelector('[data-keep="' + details.dataset.keep + '"]')
    if (old) details.open = old.open
  }
  root.replaceChildren(...next.childNodes)
  if (fresh.length > 0) announce.textContent = fresh.length === 1 ? 'A new post was published.' : fresh.length + ' new posts were published.'
}

// plain is a card's content without what changes by itself.
function plain(card) {
  const copy = card.cloneNode(true)
  copy.classList.remove('new')
  copy.querySelector('time').textContent = ''
  return copy.innerHTML
}

function state(on) {
  live.classList.toggle('off', !on)
  document.getElementById('live-text').textContent = on ? 'live' : 'reconnecting'
}

const events = new EventSource('/_sandbox/events')
events.addEventListener('open', () => state(true))
events.addEventListener('error', () => state(false))
events.addEventListener('posts', refresh)
events.addEventListener('requests', refresh)
setInterval(refresh, 15000) // for the times, and where events do not come through
