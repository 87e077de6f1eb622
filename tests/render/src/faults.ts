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

// Texts that are wholly outside belong to axes that are hidden.
function sticksOutOfCanvas(context: CanvasRenderingContext2D, text: string, x: number, y: number): boolean {
  const { actualBoundingBoxLeft, actualBoundingBoxRight } = context.measureText(text);
  const ends = [x - actualBoundingBoxLeft, x + actualBoundingBoxRight].map((end) => context.getTransform().transformPoint({ x: end, y }));
  const { width, height } = context.canvas;
  const inside = ends.every((end) => end.y > 0 && end.y < height) && ends[1].x > 0 && ends[0].x < width;
  return inside && (ends[0].x < -TOLERANCE_PIXELS || ends[1].x > width + TOLERANCE_PIXELS);
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
    cutOnCanvas.get(canvas)?.forEach((text) => found.add(`cut off: ${text}`));
  }
  return [...found];
}

function fontPixels(element: Element): number {
  const pixels = parseFloat(getComputedStyle(element).fontSize);
  const svg = element instanceof SVGTextElement ? element.getScreenCTM() : null;
  return pixels * (svg ? svg.a : 1);
}

function isCut(node: Text, element: Element, panel: Element): boolean {
  const range = document.createRange();
  range.selectNodeContents(node);
  const text = range.getBoundingClientRect();
  for (let each: Element | null = element; each; each = each.parentElement) {
    const clips = each === panel || ['overflowX', 'overflowY'].some((key) => getComputedStyle(each!)[key as 'overflowX'] !== 'visible');
    const holds = each === element || clips;
    if (holds && each instanceof HTMLElement && each.clientWidth && each.scrollWidth > each.clientWidth + TOLERANCE_PIXELS && !scrolls(each)) {
      return true;
    }
    if (clips && sticksOut(text, each.getBoundingClientRect())) {
      return true;
    }
    if (each === panel) {
      break;
    }
  }
  return false;
}

// A person can still reach what is in there; that it sticks out is found by its rectangle.
function scrolls(element: Element): boolean {
  return ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
}

function sticksOut(inner: DOMRect, outer: DOMRect): boolean {
  const sides = [outer.left - inner.left, inner.right - outer.right];
  // Letters are less high than their line.
  const heights = [outer.top - inner.top, inner.bottom - outer.bottom].map((each) => each - inner.height / 4);
  return [...sides, ...heights].some((each) => each > TOLERANCE_PIXELS);
}
