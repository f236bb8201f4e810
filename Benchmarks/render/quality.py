"""How far a thumbnail is from the picture that many more samples make."""

import pathlib

from installation import Installation, plain_command, run_plain
from pictures import decibels, over_white, pixels
from thumbnails import SIZE, job

BAR_DECIBELS = 36.0


def measure(options, directory, model):
    samples = 256 if options.quick else 1024
    reference_file = pathlib.Path(directory) / "reference.png"
    # Another seed: samples that both pictures share would flatter the thumbnail.
    run_plain([plain_command(
        model, reference_file, "--size", SIZE, "--samples", samples, "--seed", 999, "--reference")])
    with Installation(pathlib.Path(directory) / "quality", options) as installation:
        _, (result,) = installation.run([job(model, options.samples, seed=0)])
    thumbnail, reference = pixels(result["artifacts"][0]["path"]), pixels(reference_file)
    print(f"the thumbnail with {options.samples} samples against {samples} samples, neither denoised nor adaptive")
    white = decibels(over_white(thumbnail), over_white(reference))
    print(f"on white, all pixels:     {white:5.1f} dB (at least {BAR_DECIBELS:.0f}: "
          f"{'met' if white >= BAR_DECIBELS else 'missed'})")
    alpha = reference[..., 3:] / 255
    weighted = decibels(thumbnail[..., :3], reference[..., :3], alpha)
    print(f"colour, weighted by alpha: {weighted:4.1f} dB", flush=True)
