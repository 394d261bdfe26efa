# Targets for the groups of steps that are DVC's stages, such as `for-05-10`: all that exactly Figures 5 and 10 need.

for name, steps in groups(PIPELINE).items():
    if name != steps[0].rule:  # figures and claims are groups of one step

        rule:
            """One stage of dvc.yaml."""
            name:
                name
            input:
                files_of(*steps),
            localrule: True
