/* What the accessibility tests measure in a page: `measures.<name>()`, each gives a list of findings. */
const measures = (() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const known = new Map();

  /* Any CSS colour as [red, green, blue, alpha]; alpha from 0 to 1. */
  function colour(css) {
    if (!known.has(css)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(css, [red, green, blue, alpha / 255]);
    }
    return known.get(css);
  }

  function over([r, g, b, a], [R, G, B]) {
    const mix = (one, other) => one * a + other * (1 - a);
    return [mix(r, R), mix(g, G), mix(b, B), 1];
  }

  /* What is asked of an element many times is found once: nothing changes while a page is measured. */
  function once(find) {
    const found = new Map();
    return (element) => {
      if (!found.has(element)) found.set(element, find(element));
      return found.get(element);
    };
  }
  const styleOf = once((element) => getComputedStyle(element));

  /* What is behind an element's text: the backgrounds of all that it stands in. */
  const ground = once((element) => {
    if (!element) return colour(matchMedia('(prefers-color-scheme: dark)').matches ? '#121212' : '#fff');
    const layer = colour(styleOf(element).backgroundColor);
    return layer[3] === 1 ? layer : over(layer, ground(element.parentElement));
  });
  const opacity = once((element) => (element ? Number(styleOf(element).opacity) * opacity(element.parentElement) : 1));

  function light([red, green, blue]) {
    const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
  }

  /* The contrast ratio as WCAG 2 defines it. */
  function contrast(one, other) {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }

  function name(element) {
    const classes = [...element.classList].map((one) => `.${one}`).join('');
    const inside = element.parentElement?.closest('[class]')?.classList[0];
    return `${inside ? `.${inside} ` : ''}${element.localName}${classes}`;
  }

  /* Hidden from eyes alone (a skip link, a label for screen readers): one pixel, or clipped away. */
  function forScreenReaders(element) {
    const box = element.getBoundingClientRect();
    return box.width <= 1.5 || box.height <= 1.5 || styleOf(element).clipPath === 'inset(50%)';
  }

  const isPutAway = once(
    (element) => element !== null
      && ((styleOf(element).position === 'absolute' && forScreenReaders(element)) || isPutAway(element.parentElement)),
  );
  const isSeen = once((element) => element.checkVisibility({ checkVisibilityCSS: true }) && !isPutAway(element));

  /* Every text that is seen: its node, the element that it is in, the boxes of its lines. */
  const texts = once((root) => {
    const found = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const element = node.parentElement;
      if (!node.data.trim() || !isSeen(element) || !opacity(element)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const lines = [...range.getClientRects()].filter((box) => box.width > 0.5 && box.height > 0.5);
      if (lines.length) found.push({ node, element, lines });
    }
    return found;
  });

  const unique = (findings) => [...new Set(findings)];

  function faintness(element, css, what = '') {
    const style = styleOf(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const behind = ground(element);
    const [r, g, b, a] = colour(css);
    const ratio = contrast(over([r, g, b, a * opacity(element)], behind), behind);
    return ratio < (large ? 3 : 4.5) ? [`${name(element)}${what}: ${ratio.toFixed(2)}`] : [];
  }

  return {
    /* Texts whose contrast is less than 4.5, or 3 where they are large (WCAG 1.4.3). */
    faint(among = '*') {
      for (const animation of document.getAnimations()) animation.finish();
      const found = [];
      for (const element of new Set(texts(document.body).map((one) => one.element))) {
        if (element.matches(among) && !element.closest(':disabled')) found.push(...faintness(element, styleOf(element).color));
      }
      for (const box of document.querySelectorAll('[placeholder]')) {
        if (isSeen(box)) found.push(...faintness(box, getComputedStyle(box, '::placeholder').color, '::placeholder'));
      }
      return unique(found);
    },

    /* Marks one of the elements that look alike, so that not all have to be tried. */
    markOneOfEach(selector) {
      const looks = new Set();
      for (const element of document.querySelectorAll(selector)) {
        if (!isSeen(element)) continue;
        const parents = [element, element.parentElement, element.closest('[class]')].map(name);
        const look = `${parents} ${styleOf(element).color} ${ground(element)}`;
        if (!looks.has(look)) element.dataset.one = '';
        looks.add(look);
      }
      return [];
    },

    /* Fields and buttons that only a faint edge or ground tells from what is around them (1.4.11). */
    edgeless() {
      const found = [];
      for (const control of document.querySelectorAll('input, select, textarea')) {
        if (!isSeen(control)) continue;
        const around = ground(control.parentElement);
        const style = styleOf(control);
        const edge = parseFloat(style.borderTopWidth) ? contrast(over(colour(style.borderTopColor), around), around) : 1;
        const fill = contrast(ground(control), around);
        if (Math.max(edge, fill) < 3) found.push(`${name(control)}: ${Math.max(edge, fill).toFixed(2)}`);
      }
      return found;
    },

    /* Texts that something cuts off (1.4.4, 1.4.10, 1.4.12). */
    clipped() {
      const found = [];
      for (const { node, element, lines } of texts(document.body)) {
        for (let e = element; e && e !== document.documentElement; e = e.parentElement) {
          const style = styleOf(e);
          const cuts = (overflow) => overflow === 'hidden' || overflow === 'clip';
          const box = e.getBoundingClientRect();
          const scrolled = style.overflowX === 'auto' || style.overflowX === 'scroll';
          const wide = cuts(style.overflowX) && lines.some((line) => line.right > box.right + 2 || line.left < box.left - 2);
          const high = cuts(style.overflowY) && lines.some((line) => line.bottom > box.bottom + 2 || line.top < box.top - 2);
          if (wide || high) found.push(`${name(e)} cuts “${node.data.trim().slice(0, 20)}”`);
          if (scrolled) break;
        }
      }
      return unique(found);
    },

    /* What makes a page scroll sideways (1.4.10). */
    sideways() {
      const room = document.documentElement.clientWidth;
      const page = document.scrollingElement.scrollWidth;
      const found = page > room ? [`the page is ${page} wide, the screen ${room}`] : [];
      for (const { node, element, lines } of texts(document.body)) {
        let held = false;
        for (let e = element; e && e !== document.body; e = e.parentElement) {
          held ||= ['auto', 'scroll'].includes(styleOf(e).overflowX);
        }
        const out = lines.some((line) => line.right > room + 1 || line.left < -1);
        if (out && !held) found.push(`${name(element)} “${node.data.trim().slice(0, 20)}” is out of sight`);
      }
      return unique(found);
    },

    /* Texts that are printed over each other. */
    overlaps() {
      const boxes = [];
      for (const { node, element, lines } of texts(document.body)) {
        for (const line of lines) boxes.push({ node, element, line });
      }
      boxes.sort((one, other) => one.line.top - other.line.top);
      const found = [];
      boxes.forEach(({ node, element, line }, place) => {
        for (const other of boxes.slice(place + 1)) {
          if (other.line.top >= line.bottom) break;
          if (other.node === node || element.closest('header') !== other.element.closest('header')) continue;
          const high = Math.min(line.bottom, other.line.bottom) - other.line.top;
          const wide = Math.min(line.right, other.line.right) - Math.max(line.left, other.line.left);
          // Boxes of lines are higher than their letters.
          if (wide > 3 && high > 0.4 * Math.min(line.height, other.line.height)) {
            found.push(`${name(element)} “${node.data.trim().slice(0, 15)}” and ${name(other.element)} “${other.node.data.trim().slice(0, 15)}”`);
          }
        }
      });
      return unique(found);
    },

    /* What screen readers jump by: language, landmarks, headings. */
    structure() {
      const found = [];
      const all = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
      const once = (selector, count = all(selector).length) => count === 1 || found.push(`${count} × ${selector}`);
      if (document.documentElement.lang !== 'zh-CN') found.push(`lang is ${document.documentElement.lang}`);
      for (const selector of ['body > header, case-search > header', 'main', 'h1']) once(selector);
      for (const part of all('nav, [role=region], [role=group]')) {
        if (!part.getAttribute('aria-label') && !part.getAttribute('aria-labelledby')) found.push(`${name(part)} has no name`);
      }
      const levels = all('h1, h2, h3, h4, h5, h6').map((heading) => Number(heading.localName[1]));
      levels.forEach((level, place) => {
        if (level - (levels[place - 1] ?? 0) > 1) found.push(`heading ${place + 1} is an h${level} after an h${levels[place - 1]}`);
      });
      return found;
    },

    /* Where the Tab key should stop, in the order of the document. */
    stops() {
      const all = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
      return [...document.querySelectorAll(all)].filter(
        (one) => !one.disabled && one.type !== 'hidden' && one.checkVisibility({ checkVisibilityCSS: true }),
      );
    },

    /* What is wrong with how the focused element looks: not in sight, covered, without a clear mark. */
    focused() {
      const element = document.activeElement;
      const found = [];
      const box = element.getClientRects()[0];
      const inSight = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      const at = (x, y) => document.elementFromPoint(
        Math.min(Math.max(box.left + box.width * x, 1), innerWidth - 1),
        Math.min(Math.max(box.top + box.height * y, 1), innerHeight - 1),
      );
      const points = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.8]];
      const free = points.some(([x, y]) => element.contains(at(x, y)) || at(x, y)?.contains(element));
      if (!inSight || box.width < 2) found.push('out of sight');
      else if (!free) found.push(`covered by ${name(at(0.5, 0.5))}`);
      const style = getComputedStyle(element);
      const ring = parseFloat(style.outlineWidth);
      if (style.outlineStyle === 'none' || !ring) found.push('no outline');
      else if (style.outlineStyle !== 'auto') {
        const ratio = contrast(colour(style.outlineColor), ground(element.parentElement));
        if (ring < 2) found.push(`outline of ${ring}px`);
        if (ratio < 3) found.push(`outline has ${ratio.toFixed(2)}`);
      }
      return found.map((one) => `${name(element)} “${element.textContent.trim().slice(0, 15)}”: ${one}`);
    },

    /* What moves although the reader asked for rest. */
    moving() {
      const found = [];
      for (const element of document.querySelectorAll('*')) {
        for (const part of [null, '::before', '::after']) {
          const style = getComputedStyle(element, part);
          const times = `${style.transitionDuration}, ${style.animationDuration}`.split(',').map(parseFloat);
          const named = style.animationName === 'none' ? 1 : 0;
          const longest = Math.max(...times.slice(0, times.length - named));
          if (longest > 0.01) found.push(`${name(element)}${part || ''}: ${longest}s`);
        }
      }
      if (getComputedStyle(document.documentElement).scrollBehavior === 'smooth') found.push('html scrolls smoothly');
      return unique(found);
    },

    /* Controls that nothing but a colour shows, where the system's colours take over. */
    shapeless() {
      const found = [];
      for (const control of document.querySelectorAll('button, input, .cb-badge, .cb-state, .cb-notice')) {
        const style = styleOf(control);
        const sides = ['Top', 'Right', 'Bottom', 'Left'];
        const drawn = sides.some((side) => style[`border${side}Style`] !== 'none' && parseFloat(style[`border${side}Width`]));
        if (isSeen(control) && !drawn) found.push(name(control));
      }
      return unique(found);
    },
  };
})();
