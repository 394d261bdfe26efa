# Rules from tables to figures; each figure in the list of nvae/figures has one of the same name.

from nvae.figures import SUFFIXES

ALL_FIGURES = [str(PATHS.figures / f"{figure.name}.{suffix}") for figure in FIGURES for suffix in SUFFIXES]

for figure in FIGURES:

    rule:
        """One figure as PDF and PNG with its caption, drawn from its tables alone; nvae/figures has the caption."""
        name:
            figure.name
        input:
            tables=[str(path) for path in figure.files(PATHS, CONFIG.datasets, CONFIG.seeds_of)],
        output:
            pdf=str(PATHS.figures / f"{figure.name}.pdf"),
            png=report(
                str(PATHS.figures / f"{figure.name}.png"),
                caption="../report/figure.rst",
                category=figure.section,
                labels=figure.labels(PROFILE, CONFIG.datasets, CONFIG.seeds_of),
            ),
            caption=str(PATHS.figures / f"{figure.name}.rst"),
        params:
            code=code("draw", figure.module),
            figure=figure.name,
            out=str(PATHS.figures),
        log:
            log_of(f"draw/{figure.name}"),
        localrule: True
        threads: 1
        shell:
            "nvae draw {params.figure} --profile {PROFILE} --out {params.out} > {log} 2>&1"
