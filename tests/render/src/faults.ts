// SPDX-License-Identifier: Apache-2.0
// What is wrong with a panel as it was drawn.

const TOLERANCE_PIXELS = 1;
const LEGIBLE_PIXELS = 10;

// Texts on canvases leave no element behind: they are noted while they are drawn.
const cutOnCanvas = new WeakMap<HTMLCanvasElement, Set<string>>();

export function watchCanvases(): void {
  const draw = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    if (sticksOutOfCanvas(this, text, x, y)) {
      cutOnCanvas.set(this.canvas, (cutOnCanvas.get(this.canvas) ?? new Set()).add(text));
    }
    return draw.call(this, text, x, y, ...rest);
  };
}

// Texts that are wholly outside belong to axes that are hidden. At the right the last time of an axis may stick out, in every
// Grafana and whatever the dashboard is; values are at the left.
function sticksOutOfCanvas(context: CanvasRenderingContext2D, text: string, x: number, y: number): boolean {
  const { actualBoundingBoxLeft, actualBoundingBoxRight } = context.measureText(text);
  const ends = [x - actualBoundingBoxLeft, x + actualBoundingBoxRight].map((end) => context.getTransform().transformPoint({ x: end, y }));
  const { width, height } = context.canvas;
  const inside = ends.every((end) => end.y > 0 && end.y < height) && ends[1].x > 0 && ends[0].x < width;
  return inside && ends[0].x < -TOLERANCE_PIXELS;
}

export function cutTexts(panel: Element): string[] {
  const found = new Set<string>();
  const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode as Text;
    const text = node.data.trim();
    const element = node.parentElement!;
    if (!text || element.closest('style, script, title')) {
      continue;
    }
    if (isCut(node, element, panel)) {
      found.add(`cut off: ${text}`);
    }
    if (fontPixels(element) < LEGIBLE_PIXELS) {
      found.add(`too small to read: ${text}`);
    }
  }
  for (const canvas of panel.querySelectorAll('canvas')) {
    const [graph, whole] = [canvas.getBoundingClientRect(), panel.getBoundingClientRect()];
    if (sticksOutSideways(graph, whole) || sticksOutUpOrDown(graph, whole)) {
      found.add('cut off: a graph');
    }
    cutOnCanvas.get(canvas)?.forEach((text) => found.add(`cut off: ${text}`));
  }
  return [...found];
}

function fontPixels(element: Element): number {
  const pixels = parseFloat(getComputedStyle(element).fontSize);
  const svg = element instanceof SVGTextElement ? element.getScreenCTM() : null;
  return pixels * (svg ? svg.a : 1);
}

// Texts of its own that an element does not show whole, or that an element around it hides a part of.
function isCut(node: Text, element: Element, panel: Element): boolean {
  const range = document.createRange();
  range.selectNodeContents(node);
  const text = range.getBoundingClientRect();
  if (isShortened(element)) {
    return true;
  }
  for (let each: Element = element; ; each = each.parentElement!) {
    const { overflowX, overflowY } = getComputedStyle(each);
    if (each === panel || overflowX !== 'visible' || overflowY !== 'visible') {
      const outer = each.getBoundingClientRect();
      // What is further down in a list that scrolls can be reached; what is further right, nobody looks for.
      if (sticksOutSideways(text, outer) || (!['auto', 'scroll'].includes(overflowY) && sticksOutUpOrDown(text, outer))) {
        return true;
      }
    }
    if (each === panel || (['auto', 'scroll'].includes(overflowY) && sticksOutUpOrDown(text, each.getBoundingClientRect()))) {
      return false;
    }
  }
}

function isShortened(element: Element): boolean {
  const { overflowX, textOverflow, display } = getComputedStyle(element);
  if (overflowX === 'visible' || display === 'inline') {
    return false;
  }
  return element.scrollWidth > element.clientWidth + (textOverflow === 'ellipsis' ? 0 : TOLERANCE_PIXELS);
}

function sticksOutSideways(inner: DOMRect, outer: DOMRect): boolean {
  return outer.left - inner.left > TOLERANCE_PIXELS || inner.right - outer.right > TOLERANCE_PIXELS;
}

function sticksOutUpOrDown(inner: DOMRect, outer: DOMRect): boolean {
  // Letters are less high than their line.
  const slack = inner.height / 4 + TOLERANCE_PIXELS;
  return outer.top - inner.top > slack || inner.bottom - outer.bottom > slack;
}
