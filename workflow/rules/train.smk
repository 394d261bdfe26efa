# Rules from prepared sets to trained models.

# Pattern such as "mnist/n_vae_lambda1_5" for the beginning of a path; without aliases, a name that no data set has.
ALIASED = "|".join(f"{dataset}/{variant}" for dataset, variant in PIPELINE.aliases) or "-"
ANY_DATASET = "|".join(sorted(CONFIG.data))
MODEL_OUTPUT = {name: str(PATHS.model("{dataset}", "{variant}", "{seed}") / file) for name, file in MODEL_FILES.items()}


rule train_model:
    """One model, trained on one data set with one seed. Its checkpoint is no declared output, since Snakemake deletes
    the outputs of a failed job; a job that runs again resumes from the checkpoint."""
    input:
        unpack(inputs_of(PIPELINE.model)),
    output:
        **MODEL_OUTPUT,
    wildcard_constraints:
        dataset=rf"(?!(?:{ALIASED})/)(?:{ANY_DATASET})",
    params:
        **plan_of(PIPELINE.model),
    log:
        log_of("train/{dataset}-{variant}-seed{seed}"),
    threads: 1
    resources:
        gpu=1,
    shell:
        "nvae train {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --data {input.data} --threads {threads} --plan {params.plan} 2>&1 | tee {log}"


rule alias_model:
    """A copy of a model under the name of a variant that would train to the same model, such as one of an ablation."""
    input:
        unpack(inputs_of(PIPELINE.model)),
    output:
        **MODEL_OUTPUT,
    wildcard_constraints:
        dataset=rf"(?=(?:{ALIASED})/)(?:{ANY_DATASET})",
    params:
        **plan_of(PIPELINE.model),
    log:
        log_of("alias/{dataset}-{variant}-seed{seed}"),
    localrule: True
    threads: 1
    shell:
        "nvae alias {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --plan {params.plan} > {log} 2>&1"


rule release_model:
    """The first seed's model in half precision, small enough for git, with the effect of the rounding."""
    input:
        unpack(inputs_of(PIPELINE.release)),
    output:
        **{name: str(PATHS.release("{dataset}", "{variant}") / file) for name, file in RELEASED_FILES.items()},
    params:
        **plan_of(PIPELINE.release),
        seed=lambda wildcards, threads: PIPELINE.first_seed(wildcards.dataset),
    log:
        log_of("release/{dataset}-{variant}"),
    threads: 1
    shell:
        "nvae release {wildcards.dataset} --variant {wildcards.variant} --seed {params.seed}"
        " --profile {PROFILE} --data {input.data} --threads {threads} --plan {params.plan} > {log} 2>&1"
