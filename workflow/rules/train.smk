# Rules from prepared sets to trained models.

ALL_MODELS = [
    str(PATHS.model(dataset, variant, seed) / "weights.safetensors")
    for dataset, variant in RUNS
    for seed in CONFIG.seeds_of(dataset)
]

# The first seed's models of the data sets that have a role in the figures, in half precision, for use without training.
ALL_RELEASES = [
    str(PATHS.release(dataset, variant) / "weights.safetensors")
    for dataset, variant in SHOWN
    if variant in ("n_vae", "beta_vae")
]

# Pattern such as "mnist/n_vae_lambda1_5" for the beginning of a path; without aliases, a name that no data set has.
ALIASED = "|".join(f"{dataset}/{variant}" for dataset, variant in ALIASES) or "-"
ANY_DATASET = "|".join(sorted(CONFIG.data))


rule train_model:
    """One model, trained on one data set with one seed. Its checkpoint is no declared output, since Snakemake deletes
    the outputs of a failed job; a job that runs again resumes from the checkpoint."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        classifier=lambda wildcards: classifier_of(wildcards) if model_spec(wildcards.variant).monitored else [],
    output:
        **{key: str(PATHS.model("{dataset}", "{variant}", "{seed}") / name) for key, name in MODEL_FILES.items()},
    wildcard_constraints:
        dataset=rf"(?!(?:{ALIASED})/)(?:{ANY_DATASET})",
    params:
        code=lambda wildcards: train_code(wildcards.variant),
        slice=lambda wildcards: CONFIG.slice("train", **wildcards),
    log:
        log_of("train/{dataset}-{variant}-seed{seed}"),
    threads: 1
    resources:
        gpu=1,
    shell:
        "nvae train {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --data {input.data} --threads {threads} 2>&1 | tee {log}"


rule alias_model:
    """A copy of a model under the name of a variant that would train to the same model, such as one of an ablation."""
    input:
        lambda wildcards: [
            str(PATHS.model(wildcards.dataset, ALIASES[wildcards.dataset, wildcards.variant], wildcards.seed) / name)
            for name in MODEL_FILES.values()
        ],
    output:
        [str(PATHS.model("{dataset}", "{variant}", "{seed}") / name) for name in MODEL_FILES.values()],
    wildcard_constraints:
        dataset=rf"(?=(?:{ALIASED})/)(?:{ANY_DATASET})",
    params:
        code=code("alias"),
        slice=lambda wildcards: CONFIG.slice("train", **wildcards),
    log:
        log_of("alias/{dataset}-{variant}-seed{seed}"),
    localrule: True
    threads: 1
    shell:
        "nvae alias {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} > {log} 2>&1"


rule release_model:
    """The first seed's model in half precision, small enough for git, with the effect of the rounding."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        model=first_model_of,
    output:
        weights=str(PATHS.release("{dataset}", "{variant}") / "weights.safetensors"),
        description=str(PATHS.release("{dataset}", "{variant}") / "model.json"),
        rounding=str(PATHS.release("{dataset}", "{variant}") / "rounding.csv"),
    params:
        code=lambda wildcards: code("release", model_module(wildcards.variant)),
        seed=first_seed,
    log:
        log_of("release/{dataset}-{variant}"),
    threads: 1
    shell:
        "nvae release {wildcards.dataset} --variant {wildcards.variant} --seed {params.seed}"
        " --profile {PROFILE} --data {input.data} --threads {threads} > {log} 2>&1"
