# From archives, or from nothing for the built-in sets, to prepared sets.

BUILTIN_SETS = [name for name, params in sorted(CONFIG.data.items()) if params.drawn]
REAL_SETS = sorted(set(CONFIG.data) - set(BUILTIN_SETS))


rule fetch_dataset:
    """A real data set's raw files, checked; the manifest is their checksums. The files themselves are no
    declared outputs: Snakemake would delete them, those supplied by hand too, before a second run."""
    input:
        REGISTRY,
    output:
        manifest=str(raw("{dataset}")) + ".sha256",
    wildcard_constraints:
        dataset="|".join(REAL_SETS),
    log:
        log_of("fetch/{dataset}"),
    localrule: True  # the machines of a cluster often have no network
    threads: 1
    shell:
        "nvae fetch {wildcards.dataset} 2>&1 | tee {log}"


rule draw_dataset:
    """A built-in data set's raw files, drawn from known factors; stands for a real one in profile demo."""
    output:
        manifest=str(raw("{dataset}")) + ".sha256",
    wildcard_constraints:
        dataset="|".join(BUILTIN_SETS),
    params:
        code=lambda wildcards: code("draw-data", recipe_module(wildcards.dataset)),
        slice=lambda wildcards: CONFIG.slice("draw-data", dataset=wildcards.dataset),
    log:
        log_of("draw-data/{dataset}"),
    threads: 1
    shell:
        "nvae draw-data {wildcards.dataset} --profile {PROFILE} > {log} 2>&1"


rule prepare_dataset:
    """One prepared set: filtered, cropped, scaled, split. Every model and table needs it."""
    input:
        manifest=str(raw("{dataset}")) + ".sha256",
        boxes=lambda wildcards: getattr(CONFIG.data[wildcards.dataset], "face_boxes", None) or [],
    output:
        str(PATHS.prepared("{dataset}")),
    params:
        code=lambda wildcards: code("prepare", PREPARERS[CONFIG.data[wildcards.dataset].kind]),
        slice=lambda wildcards: CONFIG.slice("prepare", dataset=wildcards.dataset),
    log:
        log_of("prepare/{dataset}"),
    threads: 1
    shell:
        "nvae prepare {wildcards.dataset} --profile {PROFILE} --out {output} > {log} 2>&1"
