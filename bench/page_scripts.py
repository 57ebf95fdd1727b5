"""What the benches of the page run inside of it: JavaScript functions of no or one argument."""

from __future__ import annotations

from typing import Final

MARK_CLICK: Final = """() => addEventListener('click', event => {
  window.clickedAt = performance.timeOrigin + event.timeStamp;
}, { capture: true, once: true })"""
"""In the host's page: the next click leaves its time."""

CLICKED_AT: Final = "() => window.clickedAt"

DRAWN_AT: Final = """wanted => new Promise(done => {
  // Places are looked up only when the number of panels changes: doing so costs a layout.
  let known = 0;
  let inSight = [];
  const look = () => {
    const all = document.querySelectorAll('.panel [role=img]');
    if (all.length !== known) {
      known = all.length;
      inSight = [...all].filter(canvas => {
        const box = canvas.getBoundingClientRect();
        return box.bottom > 0 && box.top < innerHeight;
      });
    }
    const drawn = inSight.length >= wanted && inSight.every(canvas => canvas.dataset.painted);
    if (drawn) done([performance.timeOrigin + performance.now(), inSight.length]);
    else if (performance.now() > 60000) done([NaN, inSight.length]);
    else requestAnimationFrame(look);
  };
  look();
})"""
"""When all panels in sight, at least as many as wanted, are drawn, and how many they are."""

EXPLAIN_MS: Final = """badge => new Promise(done => {
  const button = [...document.querySelectorAll('.row-actions .badge, .name-cell .badge')][badge];
  const began = performance.now();
  let opened = 0;
  button.click();
  const look = () => {
    const now = performance.now();
    if (opened === 0 && document.querySelector('.incident .chain')) opened = now - began;
    const strips = [...document.querySelectorAll('.chain .chain-track')];
    const charts = document.querySelectorAll('.moments svg path');
    const drawn = strips.length > 0 && strips.every(strip => strip.querySelector('canvas')?.width)
      && charts.length === 3;
    if (drawn) requestAnimationFrame(() => done([opened, performance.now() - began]));
    else if (now - began > 20000) done([opened, NaN]);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""
"""From a click on a badge: ms to the frame that has the pane, and to all its pictures drawn."""

STOCK_AT: Final = """() => new Promise(done => {
  const within = root => [...root.querySelectorAll('*')].flatMap(element => [
    ...(element.tagName === 'VZ-HISTOGRAM-TIMESERIES' ? [element] : []),
    ...(element.shadowRoot ? within(element.shadowRoot) : []),
  ]);
  const look = () => {
    const charts = within(document);
    const drawn = charts.every(chart => chart.shadowRoot?.querySelector('.histogram path'));
    const now = performance.now();
    if (charts.length > 0 && drawn) done([performance.timeOrigin + now, charts.length]);
    else if (now > 20000) done([NaN, charts.length]);
    else setTimeout(look, 20);
  };
  look();
})"""
"""When all charts of TensorBoard's own Histograms tab are drawn, and how many they are."""

FRAMES: Final = """async () => {
  const times = [];
  const tasks = [];
  const observer = new PerformanceObserver(list => tasks.push(...list.getEntries()));
  observer.observe({ entryTypes: ['longtask'] });
  let last = performance.now();
  let running = true;
  const tick = () => {
    const now = performance.now();
    times.push(now - last);
    last = now;
    if (running) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  await (ACTION)();
  running = false;
  observer.disconnect();
  const total = times.reduce((sum, time) => sum + time, 0);
  return { fps: times.length / total * 1000, longest: Math.max(...tasks.map(t => t.duration), 0) };
}"""
"""Frames a second, and the longest task (ms, 0: none above 50) while ACTION goes on."""

ZOOM: Final = """async () => {
  const plot = document.querySelector('.panel .plot');
  const box = plot.getBoundingClientRect();
  for (let i = 0; i < 90; i++) {
    plot.dispatchEvent(new WheelEvent('wheel', { ctrlKey: true, bubbles: true, cancelable: true,
      deltaY: i % 30 < 15 ? -20 : 20, clientX: box.left + box.width / 2, clientY: box.top + 5 }));
    await new Promise(requestAnimationFrame);
  }
}"""

SHARP_MS: Final = """turns => new Promise(done => {
  const plot = document.querySelector('.panel .plot');
  const box = plot.getBoundingClientRect();
  for (let i = 0; i < turns; i++) plot.dispatchEvent(new WheelEvent('wheel', { ctrlKey: true,
    bubbles: true, cancelable: true, deltaY: -60, clientX: box.left + box.width / 2,
    clientY: box.top + 5 }));
  const start = performance.now();
  let moved = false;
  const look = () => {
    const all = [...document.querySelectorAll('.panel [role=img]')];
    const blurred = all.some(heat => heat.classList.contains('stretched'));
    if (moved && !blurred) done(performance.now() - start);
    else if (performance.now() - start > 20000) done(NaN);
    else requestAnimationFrame(look);
    moved ||= blurred;
  };
  look();
})"""
"""From the last turn of the wheel until no heatmap is a stretched picture any more."""

CHOOSE: Final = """([label, value]) => {
  const field = [...document.querySelectorAll('label.field')].find(field =>
    field.querySelector('.field-name').textContent === label);
  const select = field.querySelector('select');
  select.value = value;
  select.dispatchEvent(new Event('change', { bubbles: true }));
}"""
"""What a reader does with one of the page's named choices."""

SCROLL: Final = """async () => {
  const main = document.querySelector('main');
  for (let i = 0; i < 60; i++) {
    main.scrollTop += 60;
    await new Promise(requestAnimationFrame);
  }
}"""

BOARD_AT: Final = """() => new Promise(done => {
  const look = () => {
    const strips = [...document.querySelectorAll('.board-strip')];
    const drawn = strips.length > 0 && strips.every(strip => strip.dataset.painted === 'all');
    if (drawn) done(performance.timeOrigin + performance.now());
    else if (performance.now() > 120000) done(NaN);
    else requestAnimationFrame(look);
  };
  look();
})"""
"""When all cells of the board in sight, and some beyond its edge, are drawn."""

BOARD_SCROLL: Final = """async () => {
  const board = document.querySelector('.board-scroller');
  board.scrollTop = 0;
  for (let i = 0; i < 60; i++) {
    board.scrollTop += 60;
    await new Promise(requestAnimationFrame);
  }
}"""

HOVER: Final = """() => {
  const plot = document.querySelector('.panel .plot');
  const box = plot.getBoundingClientRect();
  const start = performance.now();
  for (let i = 0; i < 100; i++) plot.dispatchEvent(new PointerEvent('pointermove',
    { bubbles: true, clientX: box.left + 10 + 3 * i, clientY: box.top + 8 }));
  return (performance.now() - start) / 100;
}"""

WATCH_RENEWAL: Final = """() => { window.renewed = new Promise(done => {
  // Looked at one by one: looking at all in each frame took a tenth of the time that is measured.
  const old = [...document.querySelectorAll('.panel [role=img]')]
    .map(canvas => [canvas, canvas.dataset.painted]);
  const count = old.length;
  const start = performance.now();
  performance.clearResourceTimings();
  const look = () => {
    while (old.length > 0 && old.at(-1)[0].dataset.painted !== old.at(-1)[1]) old.pop();
    const told = old.length > 0 ? undefined : performance.getEntriesByType('resource').find(entry =>
      /[/]index([?]|$)/.test(entry.name) && entry.encodedBodySize > 200);
    if (told) done([performance.now() - told.responseEnd, count]);
    else if (performance.now() - start > 30000) done([NaN, old.length]);
    else requestAnimationFrame(look);
  };
  look();
}); }"""
"""Leaves in `renewed`: ms from the answer that told of new records until all panels show them."""
