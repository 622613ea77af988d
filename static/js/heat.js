// From a small grid of heat to a picture that lies on the original, the way inference/overlay.py draws it.

// Every thirty-second colour of inferno (Smith and van der Walt, 2015); between them it is close to linear.
const INFERNO = [
  [0, 0, 4], [31, 12, 72], [85, 15, 109], [136, 34, 106], [186, 54, 85],
  [227, 89, 51], [249, 140, 10], [249, 201, 50], [252, 255, 164],
];
const DRAWN_SIDE = 384; // pixels; a grid of 9×12 cells holds no more detail than that shows

function infernoTable() {
  return Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * (INFERNO.length - 1);
    const low = Math.min(Math.floor(place), INFERNO.length - 2);
    return INFERNO[low].map((start, channel) => start + (INFERNO[low + 1][channel] - start) * (place - low));
  });
}
const TABLE = infernoTable();

// Catmull-Rom, which is Pillow's "bicubic".
function cubicWeights(t) {
  return [
    ((-0.5 * t + 1) * t - 0.5) * t,
    (1.5 * t - 2.5) * t * t + 1,
    ((-1.5 * t + 2) * t + 0.5) * t,
    (0.5 * t - 0.5) * t * t,
  ];
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// For each of `count` places along an axis of `cells` cells: four neighbours and their weights, or null outside.
function taps(places, cells) {
  return places.map((share) => {
    if (share < 0 || share > 1) return null;
    const at = share * cells - 0.5;
    const first = Math.floor(at);
    const near = [-1, 0, 1, 2].map((step) => clamp(first + step, 0, cells - 1));
    return { near, weights: cubicWeights(at - first) };
  });
}

function level(grid, columns, down, across) {
  let sum = 0;
  for (let i = 0; i < 4; i += 1) {
    for (let j = 0; j < 4; j += 1) {
      sum += grid[down.near[i] * columns + across.near[j]] * down.weights[i] * across.weights[j];
    }
  }
  return clamp(Math.round(sum), 0, 255);
}

// Centres of `count` pixels along a side of `length`, as shares of the part from `start` to `end`.
function shares(count, length, start, end) {
  return Array.from({ length: count }, (_, i) => (((i + 0.5) / count) * length - start) / (end - start));
}

// A portrait picture was turned counter-clockwise on its way in: down the picture is across the grid.
function axes(map, width, height) {
  const [left, top, right, bottom] = map.geometry.box;
  if (!map.geometry.turned) {
    return {
      across: taps(shares(width, map.geometry.width, left, right), map.columns),
      down: taps(shares(height, map.geometry.height, top, bottom), map.rows),
    };
  }
  return {
    across: taps(shares(height, map.geometry.height, left, right), map.columns),
    down: taps(shares(width, map.geometry.width, top, bottom), map.rows).reverse(),
  };
}

// Paint one diagnosis of `map` ({rows, columns, geometry, grids}) on a canvas: the hotter, the more opaque.
export function paintHeat(canvas, map, code) {
  const { width, height, turned } = map.geometry;
  const scale = Math.min(1, DRAWN_SIDE / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  const { across, down } = axes(map, canvas.width, canvas.height);
  const grid = map.grids[code];
  for (let y = 0; y < canvas.height; y += 1) {
    for (let x = 0; x < canvas.width; x += 1) {
      const [column, row] = turned ? [across[y], down[x]] : [across[x], down[y]];
      if (!column || !row) continue;
      const value = level(grid, map.columns, row, column);
      picture.data.set([...TABLE[value], value], (y * canvas.width + x) * 4);
    }
  }
  context.putImageData(picture, 0, 0);
}
